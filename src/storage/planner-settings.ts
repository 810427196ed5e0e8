/**
 * Every statement here has an index for it, and its plan may be made while a table is empty, and kept: a plan that
 * reads all of a table, because there is little of it now, is never wanted (docs/decisions/0014). Nor does any run long
 * enough to be worth compiling.
 */
export const PLANNER_SETTINGS = ['enable_seqscan=off', 'enable_bitmapscan=off', 'jit=off'] as const
