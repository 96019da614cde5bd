// The composites that executors may have kernels for, and updates of weights; each is a function of a builder.
// Does not hold their meanings: one file each in `composites/`.

export { adamw, type AdamW, type AdamWStep } from './composites/adamw.js'
export { attention, attentionDecode, attentionGrad, cacheWrite, maskedAttention, maskedDecode } from './composites/attention.js'
export { sample, tokenLogprob, tokenLogprobGrad, type Sampling, type TokenLogprob } from './composites/head.js'
export { rmsNorm, rmsNormGrad } from './composites/norm.js'
export { rotary } from './composites/rotary.js'
export { sgd, type Sgd } from './composites/sgd.js'
