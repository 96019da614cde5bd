// Sense of a model: its width divides among its heads.

import { joined, replace } from '../context.js'
import type { Reporter, View } from './view.js'

export function checkModel(cx: Reporter, view: View): void {
  const width = view.constant('width')
  const heads = view.constant('heads')
  if (width === undefined || heads === undefined || heads < 1) return
  if (width % heads !== 0 || (width / heads) % 2 !== 0) {
    const legal = divisors(width).filter((n) => (width / n) % 2 === 0)
    const near = nearest(legal, heads)
    cx.report('RLP6015', view.span('heads'), width % heads === 0 ? `a head of width ${width / heads} cannot be rotated` : `a width of ${width} does not divide among ${heads} heads`, {
      label: width % heads === 0 ? 'rotary positions need an even width' : `${width} / ${heads} is not whole`,
      related: view.value('width') ? [{ span: view.span('width'), text: `the width is ${width}` }] : [],
      help: near.length > 0 ? `write \`heads = ${joined(near.map(String), 'or')}\`` : 'choose an even width',
      fixes: near.map((n) => replace(view.span('heads'), String(n), false)),
    })
    return
  }
  const pairs = view.constant('kv_heads')
  if (pairs === undefined || pairs < 1 || heads % pairs === 0) return
  const near = nearest(divisors(heads), pairs)
  cx.report('RLP6015', view.span('kv_heads'), `${heads} heads cannot share ${pairs} key/value heads evenly`, {
    label: `${heads} / ${pairs} is not whole`,
    related: view.value('heads') ? [{ span: view.span('heads'), text: `${heads} heads` }] : [],
    help: `write \`kv_heads = ${joined(near.map(String), 'or')}\``,
    fixes: near.map((n) => replace(view.span('kv_heads'), String(n), false)),
  })
}

function divisors(n: number): number[] {
  return Array.from({ length: Math.max(0, n) }, (_, i) => i + 1).filter((each) => n % each === 0)
}

/** The closest below and above. */
function nearest(legal: readonly number[], wanted: number): number[] {
  return [legal.filter((n) => n < wanted).at(-1), legal.find((n) => n > wanted)].filter((n) => n !== undefined)
}
