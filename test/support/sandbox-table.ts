/*
 * The sandbox as its documents promise it, written out here rather than taken from the program: integrators write
 * programs against these.
 */
export type TestRow = {
  readonly customerNumber: string
  readonly userId: string
  /** Null of the one who is nobody. */
  readonly email: string | null
  /** The body of the status; null: 404. */
  readonly status: string | null
}

export const TABLE: readonly TestRow[] = [
  {
    customerNumber: 'TESTENABLED',
    userId: 'test-enabled',
    email: 'test-enabled@example.com',
    status:
      '{"status":"ENABLED","policyId":"TESTENABLED","customer_number":"TESTENABLED",' +
      '"cover_class_of_use":"Carriage of Goods for Hire & Reward","cover_level":"Third Party (TPO)",' +
      '"vehicle_registration":"TE57 ZGO"}',
  },
  {
    customerNumber: 'TESTNOVEHICLE',
    userId: 'test-no-vehicle',
    email: 'test-no-vehicle@example.com',
    status:
      '{"status":"ENABLED","policyId":"TESTNOVEHICLE","customer_number":"TESTNOVEHICLE",' +
      '"cover_class_of_use":"Carriage of Goods for Hire & Reward","cover_level":"Third Party (TPO)"}',
  },
  {
    customerNumber: 'TESTDISABLED',
    userId: 'test-disabled',
    email: 'test-disabled@example.com',
    status: '{"status":"DISABLED","policyId":"TESTDISABLED","customer_number":"TESTDISABLED"}',
  },
  { customerNumber: 'TESTUNKNOWN', userId: 'test-unknown', email: null, status: null },
]

/** What nobody but the sandbox may show. */
export const MARKS =
  /TEST(?:ENABLED|NOVEHICLE|DISABLED|UNKNOWN)|test-(?:enabled|no-vehicle|disabled|unknown)|\(test\)|TE57/
