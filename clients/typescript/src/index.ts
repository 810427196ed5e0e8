export type {
  Accepted,
  AcceptedPart,
  BatchAccepted,
  ItemOutcome,
  MatchOutcome,
  MatchState,
  ReportsState,
  RequestItem,
  RequestState,
  Shift,
  Status,
} from './answers.ts'
export { type CallOptions, type ClientOptions, WorkProviderClient } from './client.ts'
export {
  BrokenConnectionError,
  PartlyAcceptedError,
  RefusedError,
  TimedOutError,
  ZegoError,
  type ZegoErrorCode,
} from './errors.ts'
export type { FeedData, FeedEntry, FeedPage, Parked, Person, ShiftChange, ToldShift } from './feed.ts'
export { type Link, linkUrl, type SignedLink, signedLinkUrl } from './link-url.ts'
export type { Identity, Report } from './reports.ts'
export type { InstantLike, Timestamp } from './timestamps.ts'
export { verifyWebhook, WebhookError, type WebhookHeaders, type WebhookMessage } from './webhook.ts'
