/** Where the pages of the desk are: what others wrote is part of some. */
export function customerPath(customerNumber: string): string {
  return `/staff/customers/${encodeURIComponent(customerNumber)}`
}

export function requestPath(requestId: string): string {
  return `/staff/requests/${encodeURIComponent(requestId)}`
}
