// A supervised update of the native engine: gradient in micro-batches, clipping, AdamW.

import { planOf } from './spec.js'
import { takeSteps } from './steps.js'
import { task } from './turns.js'

await takeSteps(await planOf(task))
