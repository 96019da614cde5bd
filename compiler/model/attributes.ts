// Reads evaluated attributes of a model as plain values.
// The checker has seen their types: what is missing has been reported.

import type { CompileValue } from '../elaborate/value.js'

export class ModelAttributes {
  constructor(private readonly attributes: ReadonlyMap<string, CompileValue>) {}

  number(name: string, fallback = 0): number {
    const value = this.attributes.get(name)
    return value?.type === 'number' ? value.value : fallback
  }
  text(name: string, fallback = ''): string {
    const value = this.attributes.get(name)
    return value?.type === 'text' ? value.value : fallback
  }
  flag(name: string): boolean {
    const value = this.attributes.get(name)
    return value?.type === 'boolean' && value.value
  }
  numbers(name: string): number[] {
    const value = this.attributes.get(name)
    return value?.type === 'list' ? value.items.flatMap((item) => (item.type === 'number' ? [item.value] : [])) : []
  }
  /** The numbers of a record, by field; undefined for `none`. */
  record(name: string): Readonly<Record<string, number>> | undefined {
    const value = this.attributes.get(name)
    return value?.type === 'record' ? Object.fromEntries([...value.fields].flatMap(([field, item]) => (item.type === 'number' ? [[field, item.value]] : []))) : undefined
  }
}
