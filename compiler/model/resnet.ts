// The plan of a residual network for small images, from the attributes of a `ResNet`: the 3 x 3 stem of its CIFAR form
// (He et al., arXiv 1512.03385, with the widths of ImageNet's ResNet-18 and 34). Sizes and weights only: no engine here runs it.

import type { Span } from '../../grammar/source/source.js'
import type { CompileValue } from '../elaborate/value.js'
import type { LoweredModel } from './lowered.js'
import { Attributes } from '../elaborate/attributes.js'
import type { WeightPlan } from './weights.js'

/** Channels of the four groups of blocks. */
const WIDTHS = [64, 128, 256, 512] as const

export function freshResNet(attributes: ReadonlyMap<string, CompileValue>, _span: Span): LoweredModel {
  const read = new Attributes(attributes)
  const [blocks, channels, classes] = [read.numbers('blocks').slice(0, WIDTHS.length), read.number('channels', 3), read.number('classes', 10)]
  const weights: WeightPlan[] = [...convolution('conv1', 'bn1', channels, WIDTHS[0], 3)]
  let width: number = WIDTHS[0]
  blocks.forEach((count, group) => {
    const out = WIDTHS[group] as number
    for (let block = 0; block < count; block++) {
      const at = `layer${group + 1}.${block}`
      weights.push(...convolution(`${at}.conv1`, `${at}.bn1`, width, out, 3), ...convolution(`${at}.conv2`, `${at}.bn2`, out, out, 3))
      if (width !== out) weights.push(...convolution(`${at}.shortcut.0`, `${at}.shortcut.1`, width, out, 1))
      width = out
    }
  })
  weights.push({ name: 'linear.weight', shape: [classes, width], init: 'normal', std: Math.sqrt(1 / width), decay: true }, { name: 'linear.bias', shape: [classes], init: 'zeros', std: 0, decay: false })
  const config = { model_type: 'resnet', depths: blocks, num_channels: channels, num_labels: classes }
  return { model: { architecture: 'resnet', config, tokenizer: null, source: { scratch: true, seed: read.number('seed') }, weights }, diagnostics: [] }
}

/** A convolution without bias, and the batch norm behind it. */
function convolution(name: string, norm: string, channels: number, out: number, size: number): WeightPlan[] {
  return [
    { name: `${name}.weight`, shape: [out, channels, size, size], init: 'normal', std: Math.sqrt(2 / (channels * size * size)), decay: true },
    { name: `${norm}.weight`, shape: [out], init: 'ones', std: 0, decay: false },
    { name: `${norm}.bias`, shape: [out], init: 'zeros', std: 0, decay: false },
  ]
}
