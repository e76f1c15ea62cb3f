/* One step, values stored unit by unit, [units][BATCH]: every inner loop runs over the samples of the batch next to each other, in
 * vectors. Four units of a layer share what they read, and a full batch has its size known to the compiler. */

/* out[o] = bias[o] + Σ weight[o][i] x[i]; four units at a time share what they read of x */
INLINE void affine(const float *restrict weight, const float *restrict bias, const Values *restrict x, Values *restrict out,
                   int fan_in, int fan_out, int n) {
    int o = 0;
    for (; o + 4 <= fan_out; o += 4) {
        const float *w = weight + o * fan_in;
        float s[4][BATCH] __attribute__((aligned(64)));
        for (int k = 0; k < 4; k++)
            for (int b = 0; b < n; b++) s[k][b] = bias[o + k];
        for (int i = 0; i < fan_in; i++) {
            const float w0 = w[i], w1 = w[fan_in + i], w2 = w[2 * fan_in + i], w3 = w[3 * fan_in + i];
            for (int b = 0; b < n; b++) {
                const float v = x[i][b];
                s[0][b] += w0 * v;
                s[1][b] += w1 * v;
                s[2][b] += w2 * v;
                s[3][b] += w3 * v;
            }
        }
        memcpy(out[o], s, sizeof s);
    }
    for (; o < fan_out; o++) {
        for (int b = 0; b < n; b++) out[o][b] = bias[o];
        for (int i = 0; i < fan_in; i++)
            for (int b = 0; b < n; b++) out[o][b] += weight[o * fan_in + i] * x[i][b];
    }
}

INLINE void normalize(Network *net, int layer, const float *gamma, const float *beta, Values *z, int n) {
    for (int o = 0; o < net->width; o++) {
        float mean = 0, variance = 0, *restrict v = z[o], *restrict normal = net->normal[layer][o];
        for (int b = 0; b < n; b++) mean += v[b];
        mean /= n;
        for (int b = 0; b < n; b++) variance += (v[b] - mean) * (v[b] - mean);
        variance /= n;
        const float inverse = 1 / sqrtf(variance + net->epsilon);
        for (int b = 0; b < n; b++) {
            normal[b] = (v[b] - mean) * inverse;
            v[b] = gamma[o] * normal[b] + beta[o];
        }
        net->inverse[layer][o] = inverse;
        move_statistics(net, layer, o, mean, variance);
    }
}

INLINE void swish(const Values *restrict x, Values *restrict sigmoid, Values *restrict out, int units, int n) {
    for (int o = 0; o < units; o++)
        for (int b = 0; b < n; b++) {
            sigmoid[o][b] = 1 / (1 + expf(-x[o][b]));
            out[o][b] = x[o][b] * sigmoid[o][b];
        }
}

/* delta: the gradient of swish's output becomes that of batch normalization's input; writes the gradients of gamma and beta */
INLINE void activation_backward(Network *net, int layer, const float *gamma, float *gamma_gradient, float *beta_gradient, int n) {
    for (int o = 0; o < net->width; o++) {
        float dg = 0, db = 0, *restrict d = net->delta[o];
        const float *restrict s = net->sigmoid[layer][o], *restrict y = net->scaled[layer][o];
        const float *restrict normal = net->normal[layer][o];
        for (int b = 0; b < n; b++) {
            d[b] *= s[b] * (1 + y[b] * (1 - s[b]));
            dg += d[b] * normal[b];
            db += d[b];
        }
        gamma_gradient[o] = dg;
        beta_gradient[o] = db;
        const float scale = gamma[o] * net->inverse[layer][o];
        for (int b = 0; b < n; b++) d[b] = scale * (d[b] - db / n - normal[b] * (dg / n));
    }
}

INLINE void weight_backward(const Values *restrict delta, const Values *restrict x, float *restrict gradient, int fan_in,
                            int fan_out, int n) {
    for (int o = 0; o < fan_out; o++)
        for (int i = 0; i < fan_in; i++) {
            float sum = 0;
            for (int b = 0; b < n; b++) sum += delta[o][b] * x[i][b];
            gradient[o * fan_in + i] = sum;
        }
}

/* below[i] = Σ weight[o][i] delta[o] */
INLINE void input_backward(const float *restrict weight, const Values *restrict delta, Values *restrict below, int fan_in,
                           int fan_out, int n) {
    for (int i = 0; i < fan_in; i++) {
        float s[BATCH] __attribute__((aligned(64))) = {0};
        for (int o = 0; o < fan_out; o++) {
            const float w = weight[o * fan_in + i];
            for (int b = 0; b < n; b++) s[b] += w * delta[o][b];
        }
        memcpy(below[i], s, sizeof s);
    }
}

/* One step on the n samples `rows`; returns their mean loss. */
INLINE float step(Network *net, const int *rows, int n) {
    const int width = net->width, last = net->depth * width * (width + 3) - width * (width - net->inputs);
    for (int i = 0; i < net->inputs; i++)
        for (int b = 0; b < n; b++) net->x[i][b] = net->features[(size_t)i * net->samples + rows[b]];

    Values *x = net->x;
    float *theta = net->theta;
    int fan_in = net->inputs;
    for (int k = 0; k < net->depth; k++) {
        float *bias = theta + width * fan_in, *gamma = bias + width, *beta = gamma + width;
        affine(theta, bias, x, net->scaled[k], fan_in, width, n);
        normalize(net, k, gamma, beta, net->scaled[k], n);
        swish(net->scaled[k], net->sigmoid[k], net->active[k], width, n);
        x = net->active[k], fan_in = width;
        theta = beta + width;
    }
    Values out;
    affine(theta, theta + width, x, &out, width, 1, n);

    float loss = 0, bias_gradient = 0;
    for (int b = 0; b < n; b++) {
        const float error = out[b] - net->targets[rows[b]];
        loss += error * error;
        out[b] = 2 * error / n;
        bias_gradient += out[b];
    }
    weight_backward(&out, x, net->gradient + last, width, 1, n);
    net->gradient[last + width] = bias_gradient;
    input_backward(theta, &out, net->delta, width, 1, n);

    for (int k = net->depth - 1, at = last; k >= 0; k--) {
        fan_in = k ? width : net->inputs;
        at -= layer_size(net, k);
        const int gamma = at + width * (fan_in + 1);
        activation_backward(net, k, net->theta + gamma, net->gradient + gamma, net->gradient + gamma + width, n);
        weight_backward(net->delta, k ? net->active[k - 1] : net->x, net->gradient + at, fan_in, width, n);
        if (k) {
            input_backward(net->theta + at, net->delta, net->below, fan_in, width, n);
            Values *swap = net->delta;
            net->delta = net->below, net->below = swap;
        }
    }

    rmsprop(net);
    return loss / n;
}

