// Whether a well-typed spec makes sense: the rules of the 6xxx layer, family by family.

import type { Context } from '../context.js'

export function checkSense(_cx: Context): void {}
