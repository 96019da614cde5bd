// Kind of a `model` declaration → how its plan is made. A new kind of model is a row here.

import type { Span } from '../../grammar/source/source.js'
import type { CompileValue } from '../elaborate/value.js'
import type { LoweredModel } from './lowered.js'
import { folderModel, type ReadText } from './folder.js'
import { freshGptNeoX } from './gpt-neox.js'
import { hubModel } from './hub.js'
import { freshMlp } from './mlp.js'
import { freshResNet } from './resnet.js'
import { servedModel } from './served.js'
import { freshModel } from './transformer.js'

type Attributes = ReadonlyMap<string, CompileValue>

const kinds: Readonly<Record<string, (attributes: Attributes, span: Span, read: ReadText) => LoweredModel>> = {
  Transformer: freshModel,
  GptNeoX: freshGptNeoX,
  Mlp: freshMlp,
  ModelFolder: folderModel,
  Pretrained: hubModel,
  ResNet: freshResNet,
  Served: servedModel,
}

/** A model from the evaluated attributes of its declaration; `read` gives the texts of its files. A kind that is not in the table has no plan. */
export function lowerModel(kind: string, attributes: Attributes, span: Span, read: ReadText): LoweredModel {
  const make = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  return make?.(attributes, span, read) ?? { model: undefined, diagnostics: [] }
}
