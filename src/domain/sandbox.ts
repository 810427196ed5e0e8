import { emailKey } from './customer.ts'
import { EARLIEST_INSTANT } from './instant.ts'

/*
 * The sandbox: what test keys see instead of what there is. The numbers are fixed and documented, so that a program can
 * be written against them; they are nobody's, ever.
 */

/** A customer who is made up for tests: only test keys see them. */
export type TestPerson = {
  readonly customerNumber: string
  /** Bound at each test twin. */
  readonly userId: string
  /** Of a domain that is nobody's (RFC 2606): no mail is sent there. */
  readonly email: string
  readonly name: string
  /** What they stand for, in words. */
  readonly is: string
  /** What a policy says of a vehicle, null where it names none; without a policy they are not insured. */
  readonly policy: { readonly vehicleRegistration: string | null } | null
}

export const TEST_PEOPLE = {
  enabled: {
    customerNumber: 'TESTENABLED',
    userId: 'test-enabled',
    email: 'test-enabled@example.com',
    name: 'Test Enabled',
    is: 'enabled, with a vehicle',
    policy: { vehicleRegistration: 'TE57 ZGO' },
  },
  noVehicle: {
    customerNumber: 'TESTNOVEHICLE',
    userId: 'test-no-vehicle',
    email: 'test-no-vehicle@example.com',
    name: 'Test No Vehicle',
    is: 'enabled, without a vehicle',
    policy: { vehicleRegistration: null },
  },
  disabled: {
    customerNumber: 'TESTDISABLED',
    userId: 'test-disabled',
    email: 'test-disabled@example.com',
    name: 'Test Disabled',
    is: 'linked, and not insured',
    policy: null,
  },
} as const satisfies Record<string, TestPerson>

/** Who is not there, in the sandbox and elsewhere: nobody is ever given the number. */
export const TEST_UNKNOWN = {
  customerNumber: 'TESTUNKNOWN',
  userId: 'test-unknown',
  email: null,
  is: 'unknown',
} as const

/** What integrators are told of the sandbox. */
export const TEST_TABLE = [...Object.values(TEST_PEOPLE), TEST_UNKNOWN] as const

/** As the contract's own example has them. */
export const TEST_POLICY = {
  classOfUse: 'Carriage of Goods for Hire & Reward',
  coverLevel: 'Third Party (TPO)',
} as const

/** From when test customers are insured and linked: whatever may be reported is after it. */
export const TEST_SINCE = EARLIEST_INSTANT

export const TEST_CUSTOMER_NUMBERS: readonly string[] = Object.values(TEST_PEOPLE).map((one) => one.customerNumber)

const RESERVED_NUMBERS: readonly string[] = [...TEST_CUSTOMER_NUMBERS, TEST_UNKNOWN.customerNumber]
const RESERVED_EMAILS: readonly string[] = Object.values(TEST_PEOPLE).map((one) => one.email)

/** Whether a customer number, in capitals, is one of the sandbox's: no real customer may have it. */
export function isTestNumber(customerNumber: string): boolean {
  return RESERVED_NUMBERS.includes(customerNumber)
}

/** Whether an address is that of a test customer: nobody has it, and nothing is mailed there. */
export function isTestEmail(email: string): boolean {
  return RESERVED_EMAILS.includes(emailKey(email))
}

/** What the test twin of a work provider is called. Names of twins need not be unique. */
export function twinName(workProvider: string): string {
  return `${workProvider} (test)`
}
