/** A set of block numbers from 0 to `length - 1`, a bit each; bit 0 is the lowest of the first byte. */
export class Bitfield {
  readonly length: number;
  #bits: Uint8Array;
  #count = 0;

  constructor(length: number) {
    this.length = length;
    this.#bits = new Uint8Array(Math.ceil(length / 8));
  }

  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count === this.length;
  }

  get bytes(): Uint8Array {
    return this.#bits;
  }

  has(index: number): boolean {
    return ((this.#bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** False if it was there already, or is out of range. */
  add(index: number): boolean {
    if (index >= this.length || this.has(index)) return false;
    this.#bits[index >> 3] = (this.#bits[index >> 3] as number) | (1 << (index & 7));
    this.#count++;
    return true;
  }

  delete(index: number): void {
    if (!this.has(index)) return;
    this.#bits[index >> 3] = (this.#bits[index >> 3] as number) & ~(1 << (index & 7));
    this.#count--;
  }

  addAll(): void {
    for (let i = 0; i < this.length; i++) this.add(i);
  }

  /** Adds what `bits`, as `bytes` gives them, has. False if it is not as long as this one, or has bits beyond it. */
  merge(bits: Uint8Array): boolean {
    if (bits.byteLength !== this.#bits.byteLength) return false;
    const spare = this.length & 7;
    if (spare > 0 && (bits[bits.byteLength - 1] as number) >> spare !== 0) return false;
    for (let i = 0; i < bits.byteLength; i++) {
      const fresh = (bits[i] as number) & ~(this.#bits[i] as number);
      if (fresh === 0) continue;
      this.#bits[i] = (this.#bits[i] as number) | fresh;
      for (let rest = fresh; rest !== 0; rest &= rest - 1) this.#count++;
    }
    return true;
  }

  *missing(): Generator<number> {
    for (let i = 0; i < this.length; i++) if (!this.has(i)) yield i;
  }
}
