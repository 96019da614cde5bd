// A whole step of policy optimisation: rollouts, reward, advantage, gradient, update.

import { planOf } from './spec.js'
import { takeSteps } from './steps.js'
import { task } from './turns.js'

await takeSteps(await planOf(task))
