/** A seed to print, so that what failed can be had again. */
export function freshSeed(): number {
  return Math.floor(Math.random() * 0x7fff_ffff)
}
