/* One step as the formulas stand in a textbook: sample by sample, unit by unit, values stored as [samples][units]. What the compiler
 * makes of it is its business. */

typedef float *restrict Rows; /* [samples][units] */

static void affine(const float *weight, const float *bias, const float *x, Rows out, int fan_in, int fan_out, int n) {
    for (int b = 0; b < n; b++)
        for (int o = 0; o < fan_out; o++) {
            float sum = bias[o];
            for (int i = 0; i < fan_in; i++) sum += weight[o * fan_in + i] * x[b * fan_in + i];
            out[b * fan_out + o] = sum;
        }
}

static void normalize(Network *net, int layer, const float *gamma, const float *beta, Rows z, int n) {
    const int width = net->width;
    Rows normal = (float *)net->normal[layer];
    for (int o = 0; o < width; o++) {
        float mean = 0, variance = 0;
        for (int b = 0; b < n; b++) mean += z[b * width + o];
        mean /= n;
        for (int b = 0; b < n; b++) variance += (z[b * width + o] - mean) * (z[b * width + o] - mean);
        variance /= n;
        const float inverse = 1 / sqrtf(variance + net->epsilon);
        for (int b = 0; b < n; b++) {
            normal[b * width + o] = (z[b * width + o] - mean) * inverse;
            z[b * width + o] = gamma[o] * normal[b * width + o] + beta[o];
        }
        net->inverse[layer][o] = inverse;
        move_statistics(net, layer, o, mean, variance);
    }
}

static void affine_backward(const float *weight, const float *x, const float *delta, Rows gradient, Rows below, int fan_in,
                            int fan_out, int n) {
    for (int o = 0; o < fan_out; o++)
        for (int i = 0; i < fan_in; i++) {
            float sum = 0;
            for (int b = 0; b < n; b++) sum += delta[b * fan_out + o] * x[b * fan_in + i];
            gradient[o * fan_in + i] = sum;
        }
    if (!below) return;
    for (int b = 0; b < n; b++)
        for (int i = 0; i < fan_in; i++) {
            float sum = 0;
            for (int o = 0; o < fan_out; o++) sum += delta[b * fan_out + o] * weight[o * fan_in + i];
            below[b * fan_in + i] = sum;
        }
}

static void normalize_backward(const Network *net, int layer, const float *gamma, float *gamma_gradient, float *beta_gradient,
                               Rows delta, int n) {
    const int width = net->width;
    const float *normal = (const float *)net->normal[layer];
    for (int o = 0; o < width; o++) {
        float dg = 0, db = 0;
        for (int b = 0; b < n; b++) {
            dg += delta[b * width + o] * normal[b * width + o];
            db += delta[b * width + o];
        }
        gamma_gradient[o] = dg;
        beta_gradient[o] = db;
        for (int b = 0; b < n; b++)
            delta[b * width + o] = gamma[o] * net->inverse[layer][o] * (delta[b * width + o] - (db + normal[b * width + o] * dg) / n);
    }
}

static float step(Network *net, const int *rows, int n) {
    const int width = net->width;
    float *x = (float *)net->x, *theta = net->theta;
    for (int b = 0; b < n; b++)
        for (int i = 0; i < net->inputs; i++) x[b * net->inputs + i] = net->features[(size_t)i * net->samples + rows[b]];

    int fan_in = net->inputs;
    for (int k = 0; k < net->depth; k++) {
        float *bias = theta + width * fan_in, *gamma = bias + width, *beta = gamma + width;
        float *y = (float *)net->scaled[k], *sigmoid = (float *)net->sigmoid[k], *active = (float *)net->active[k];
        affine(theta, bias, x, y, fan_in, width, n);
        normalize(net, k, gamma, beta, y, n);
        for (int j = 0; j < n * width; j++) {
            sigmoid[j] = 1 / (1 + expf(-y[j]));
            active[j] = y[j] * sigmoid[j];
        }
        x = active, fan_in = width;
        theta = beta + width;
    }
    float out[BATCH], loss = 0, sum = 0;
    affine(theta, theta + width, x, out, width, 1, n);
    for (int b = 0; b < n; b++) {
        const float error = out[b] - net->targets[rows[b]];
        loss += error * error;
        out[b] = 2 * error / n;
        sum += out[b];
    }
    float *gradient = net->gradient + (theta - net->theta), *delta = (float *)net->delta, *below = (float *)net->below;
    affine_backward(theta, x, out, gradient, delta, width, 1, n);
    gradient[width] = sum;

    for (int k = net->depth - 1; k >= 0; k--) {
        const float *y = (const float *)net->scaled[k], *s = (const float *)net->sigmoid[k];
        for (int j = 0; j < n * width; j++) delta[j] *= s[j] * (1 + y[j] * (1 - s[j]));
        fan_in = k ? width : net->inputs;
        theta -= layer_size(net, k), gradient -= layer_size(net, k);
        const int gamma = width * (fan_in + 1);
        normalize_backward(net, k, theta + gamma, gradient + gamma, gradient + gamma + width, delta, n);
        affine_backward(theta, (const float *)(k ? net->active[k - 1] : net->x), delta, gradient, k ? below : NULL, fan_in, width, n);
        float *swap = delta;
        delta = below, below = swap;
    }
    rmsprop(net);
    return loss / n;
}
