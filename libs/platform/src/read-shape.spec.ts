import { IsInt, IsOptional, IsString, MaxLength } from 'class-validator'
import { describe, expect, it } from 'vitest'
import { MAX_ERRORS, Nested, NestedList, readShape, toNumber } from './read-shape.js'

class Leaf {
  @IsString()
  @MaxLength(3)
  name!: string
}

class Tree {
  @toNumber
  @IsInt()
  size!: number

  @IsOptional()
  @Nested(() => Leaf)
  leaf?: Leaf

  @NestedList(() => Leaf, { min: 1, max: 2 })
  leaves: Leaf[] = []
}

class Pine extends Tree {
  @toNumber
  @IsInt()
  needles = 0
}

const errorsOf = (plain: unknown): { pointer: string; detail: string }[] => readShape(Tree, plain).errors

describe('readShape', () => {
  it('creates objects of the classes, with defaults for missing members', () => {
    const { value, errors } = readShape(Tree, { size: '7', leaf: { name: 'a' }, leaves: [{ name: 'b' }] })
    expect(errors).toEqual([])
    expect(value).toEqual({ size: 7, leaf: { name: 'a' }, leaves: [{ name: 'b' }] })
    expect([value, value.leaf, value.leaves[0]].map((each) => each?.constructor)).toEqual([Tree, Leaf, Leaf])
    expect(readShape(Tree, { size: 1 }).value.leaves).toEqual([])
  })

  it('reads the members of a parent class', () => {
    const { value, errors } = readShape(Pine, { size: '7', needles: '9', leaf: { name: 'a' }, leaves: [{ name: 'b' }] })
    expect(errors).toEqual([])
    expect([value.size, value.needles, value.leaf?.constructor]).toEqual([7, 9, Leaf])
  })

  it.each([[null], [1], ['text'], [[]], [[{}]], [undefined], [true]])('refuses a value that is no object: %j', (plain) => {
    expect(errorsOf(plain)).toEqual([{ pointer: '', detail: 'an object is expected' }])
  })

  it('reports the pointer of each error, at every depth', () => {
    expect(errorsOf({ size: 'x', leaf: { name: 1, 'a/b~c': 2 }, leaves: [{ name: 'long' }, null] }).map(({ pointer }) => pointer)).toEqual([
      '/leaf/a~1b~0c',
      '/size',
      '/leaf/name',
      '/leaf/name',
      '/leaves/0/name',
      '/leaves/1',
    ])
  })

  it.each(['constructor', 'toString', 'hasOwnProperty', 'leafs'])('refuses a member that the class does not declare: %s', (name) => {
    expect(errorsOf({ size: 1, leaves: [{ name: 'b' }], [name]: 1 })).toEqual([
      { pointer: `/${name}`, detail: `property ${name} should not exist` },
    ])
  })

  it('reports at most twenty errors, with truncated names', () => {
    const plain = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`${index}${'k'.repeat(10_000)}`, 1]))
    const errors = errorsOf(plain)
    expect(errors).toHaveLength(MAX_ERRORS)
    expect(JSON.stringify(errors).length).toBeLessThan(8_000)
    expect(errorsOf({ size: 1, leaves: Array.from({ length: 1_000 }, () => ({})) }).length).toBeLessThanOrEqual(MAX_ERRORS)
  })

  it('does not read a list beyond its maximum', () => {
    const unseen = (): never => {
      throw new Error('looked at')
    }
    const beyond = new Proxy({ name: 'a' }, { get: unseen, ownKeys: unseen })
    const leaves = Array.from({ length: 1_000 }, (_, index) => (index < 3 ? { name: 'a' } : beyond))
    expect(errorsOf({ size: 1, leaves })).toEqual([{ pointer: '/leaves', detail: 'leaves must contain no more than 2 elements' }])
  })
})
