"""The engine: twin networks in one stack, their training and what is recorded of it. It knows no screen.

In the order in which it reads best:

- what a layer computes: `reference` (batch normalization node by node), then the fast ones, `layers`, `activations` and
  `normalizers`, of which `bn_lab.arms` says where they stand; `losses`, `optimizers`, `initializers`; torch's own `kernels`;
- the networks: `stack`, all arms and seeds as one (its `members` may differ in more than the seed, its `parameters` are one
  buffer), and `bound_layers`, its layers bound to each other for one batch size;
- their training: `batches`, `evaluation`, and `run`, one experiment being trained, which sees by `probes`, `boundary` and
  `divergence`; `training` is the same without a screen, `cost` tells in advance what it takes;
- what is left of it: `history`, and `summary`, what its numbers say in sentences (over several `seeds`);
- for studies: `trial`, many networks at once of which little is recorded, its `outcome`, and `smoothness` of the loss;
- `anatomy`, one layer of a network taken apart.
"""
