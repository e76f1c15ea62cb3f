/* The lesson's network in C: Dense → BatchNormalization → swish, `depth` times, and one linear output; mean squared error; RMSprop.
 *
 * float32, one network at a time, one core. Moving statistics, the loss of every epoch and a new order of the samples every epoch
 * are part of it, as in `fit`. How a step is written is in the file that STEP names. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef BATCH
#define BATCH 32
#endif
#define INLINE static inline __attribute__((always_inline))

enum { MOST_DEPTH = 12, MOST_WIDTH = 256 };

typedef float Values[BATCH];

typedef struct {
    int inputs, width, depth, samples, parameters;
    float learning_rate, epsilon, momentum;
    const float *features, *targets; /* [inputs][samples], [samples] */
    int *order;                      /* [samples] */
    uint64_t random;                 /* state of the generator; 0: keep the order of the file */
    /* per layer: weight [out][in], bias [out], and for hidden layers gamma [out], beta [out], one after another */
    float *theta, *gradient, *square;
    float *moving_mean, *moving_variance; /* [depth][width] */
    float inverse[MOST_DEPTH][MOST_WIDTH];
    /* what the layers compute, [units][BATCH] or [BATCH][units] as the step likes it */
    Values *x, *normal[MOST_DEPTH], *scaled[MOST_DEPTH], *sigmoid[MOST_DEPTH], *active[MOST_DEPTH], *delta, *below;
} Network;

INLINE int layer_size(const Network *net, int layer) { return net->width * ((layer ? net->width : net->inputs) + 3); }

INLINE void move_statistics(Network *net, int layer, int unit, float mean, float variance) {
    const int at = layer * net->width + unit;
    net->moving_mean[at] += (1 - net->momentum) * (mean - net->moving_mean[at]);
    net->moving_variance[at] += (1 - net->momentum) * (variance - net->moving_variance[at]);
}

INLINE void rmsprop(Network *net) {
    float *restrict p = net->theta, *restrict v = net->square;
    const float *restrict g = net->gradient;
    for (int j = 0; j < net->parameters; j++) {
        v[j] = 0.9f * v[j] + 0.1f * g[j] * g[j];
        p[j] -= net->learning_rate * g[j] / sqrtf(v[j] + 1e-7f);
    }
}

#include STEP /* float step(Network *net, const int *rows, int n): one step on n samples; returns their mean loss */

static float full_step(Network *net, const int *rows) { return step(net, rows, BATCH); }
static float partial_step(Network *net, const int *rows, int n) { return step(net, rows, n); }

static void shuffle(Network *net) {
    for (int j = net->samples - 1; j > 0; j--) {
        net->random ^= net->random << 13, net->random ^= net->random >> 7, net->random ^= net->random << 17;
        const int k = (int)(((net->random >> 32) * (uint64_t)(j + 1)) >> 32), kept = net->order[j];
        net->order[j] = net->order[k], net->order[k] = kept;
    }
}

static Values *units(int count) { return aligned_alloc(64, (((size_t)count * sizeof(Values)) + 63) / 64 * 64); }

Network *network_new(int inputs, int width, int depth, int samples, const float *features, const float *targets, const float *theta,
                     float learning_rate, float epsilon, float momentum, uint64_t seed) {
    if (depth > MOST_DEPTH || width > MOST_WIDTH) return NULL;
    Network *net = calloc(1, sizeof *net);
    *net = (Network){.inputs = inputs, .width = width, .depth = depth, .samples = samples, .learning_rate = learning_rate,
                     .epsilon = epsilon, .momentum = momentum, .features = features, .targets = targets, .random = seed};
    for (int k = 0; k < depth; k++) net->parameters += layer_size(net, k);
    net->parameters += width + 1;
    net->theta = malloc(sizeof(float) * net->parameters);
    memcpy(net->theta, theta, sizeof(float) * net->parameters);
    net->gradient = calloc(net->parameters, sizeof(float)); /* that of a bias before batch normalization stays 0 */
    net->square = calloc(net->parameters, sizeof(float));
    net->moving_mean = calloc((size_t)depth * width, sizeof(float));
    net->moving_variance = malloc(sizeof(float) * depth * width);
    for (int j = 0; j < depth * width; j++) net->moving_variance[j] = 1;
    net->order = malloc(sizeof(int) * samples);
    for (int j = 0; j < samples; j++) net->order[j] = j;
    net->x = units(inputs), net->delta = units(width), net->below = units(width);
    for (int k = 0; k < depth; k++) {
        net->normal[k] = units(width), net->scaled[k] = units(width);
        net->sigmoid[k] = units(width), net->active[k] = units(width);
    }
    return net;
}

void network_free(Network *net) {
    for (int k = 0; k < net->depth; k++) free(net->normal[k]), free(net->scaled[k]), free(net->sigmoid[k]), free(net->active[k]);
    free(net->x), free(net->delta), free(net->below), free(net->order), free(net->moving_mean), free(net->moving_variance);
    free(net->theta), free(net->gradient), free(net->square), free(net);
}

/* Train and write the mean loss of every epoch. */
void network_train(Network *net, int epochs, float *losses) {
    for (int e = 0; e < epochs; e++) {
        double total = 0;
        int at = 0;
        if (net->random) shuffle(net);
        for (; at + BATCH <= net->samples; at += BATCH) total += (double)full_step(net, net->order + at) * BATCH;
        if (at < net->samples) total += (double)partial_step(net, net->order + at, net->samples - at) * (net->samples - at);
        losses[e] = (float)(total / net->samples);
    }
}

void network_statistics(const Network *net, float *mean, float *variance) {
    memcpy(mean, net->moving_mean, sizeof(float) * net->depth * net->width);
    memcpy(variance, net->moving_variance, sizeof(float) * net->depth * net->width);
}
