import type { Instant } from '../domain/instant.ts'
import { temporal } from '../domain/instant.ts'
import type { Mail } from '../storage/outbox.ts'
import type { Context } from './context.ts'

/** Every mail, in the words of whom it is for. What others wrote (names, ids) is put on one line and stays text. */

type Writer = Pick<Context, 'publicUrl' | 'timeZone'>

const MAX_INSERTED_CHARACTERS = 200

export function finishSignUpMail({ publicUrl }: Writer, to: string, token: string): Mail {
  return mail('sign up', to, 'Finish your sign-up', [
    'Somebody, we hope you, gave this address to sign up for pay-as-you-go insurance.',
    'To choose a password and finish, open this page:',
    `${publicUrl}/signup/${token}`,
    'The link is good for 24 hours. If it was not you, do nothing: without this link nobody can use your address.',
  ])
}

export function alreadySignedUpMail({ publicUrl }: Writer, to: string): Mail {
  return mail('sign up', to, 'You already have an account', [
    'Somebody, we hope you, gave this address to sign up. You have an account already, so there is nothing to sign up for.',
    `Log in: ${publicUrl}/login`,
    `If you forgot your password: ${publicUrl}/reset`,
    'If it was not you, do nothing.',
  ])
}

export function resetMail({ publicUrl }: Writer, to: string, token: string): Mail {
  return mail('password reset', to, 'Set a new password', [
    'Somebody, we hope you, asked for a new password for your account. To choose one, open this page:',
    `${publicUrl}/reset/${token}`,
    'The link is good for one hour and works once. If it was not you, do nothing: your password stays as it is.',
  ])
}

export function noAccountMail({ publicUrl }: Writer, to: string): Mail {
  return mail('password reset', to, 'There is no account with this address', [
    'Somebody, we hope you, asked for a new password. There is no account with this address: perhaps you signed up with another one.',
    `To sign up: ${publicUrl}/signup`,
    'If it was not you, do nothing.',
  ])
}

export function invitationMail(to: string, { url, forWhom }: { url: string; forWhom: string }): Mail {
  return mail('invitation', to, `You are invited to ${forWhom} at Zego`, [
    `You are invited to ${forWhom}. To choose a password and set up your authenticator app, open this page:`,
    url,
    'The link is good for seven days and works once. If you do not know what this is about, do nothing.',
  ])
}

export function deskResetMail({ publicUrl }: Writer, to: string, token: string): Mail {
  return mail('password reset', to, 'Set a new password for the desk', [
    'Somebody, we hope you, asked for a new password for the desk. To choose one, open this page:',
    `${publicUrl}/desk/reset/${token}`,
    'The link is good for one hour and works once. Your authenticator app stays as it is. If it was not you, do nothing.',
  ])
}

export function deskPasswordChangedMail({ publicUrl }: Writer, to: string): Mail {
  return mail('password changed', to, 'Your password for the desk was changed', [
    'The password of your account at the desk was changed just now, and every other browser was logged out.',
    `If it was not you, set a new password at once: ${publicUrl}/desk/reset, and tell an administrator.`,
  ])
}

export function passwordChangedMail({ publicUrl }: Writer, to: string): Mail {
  return mail('password changed', to, 'Your password was changed', [
    'The password of your account was changed just now, and every other browser was logged out.',
    `If it was not you, set a new password at once: ${publicUrl}/reset`,
  ])
}

export function confirmEmailMail({ publicUrl }: Writer, to: string, token: string): Mail {
  return mail('e-mail change', to, 'Confirm your new e-mail address', [
    'You asked to use this address for your insurance account. To confirm it, open this page:',
    `${publicUrl}/email/${token}`,
    'The link is good for 24 hours. If it was not you, do nothing.',
  ])
}

export function emailTakenMail(_: Writer, to: string): Mail {
  return mail('e-mail change', to, 'This address is in use already', [
    'Somebody asked to use this address for their insurance account. It belongs to an account or a customer already, so nothing was changed.',
    'If it was you: log in with this address instead, or contact us.',
  ])
}

export function emailChangingMail({ publicUrl }: Writer, to: string): Mail {
  return mail('e-mail change', to, 'Your e-mail address is about to change', [
    'You asked to use another e-mail address for your account. It changes as soon as the new address is confirmed.',
    `If it was not you, set a new password at once: ${publicUrl}/reset`,
  ])
}

export function accountClosedMail({ publicUrl }: Writer, to: string): Mail {
  return mail('account closed', to, 'Your account is closed', [
    'Your account is closed, and nothing is shared with any work provider any more: you are not insured while you work.',
    'The record of when you were insured is kept for as long as the law asks, because claims are settled by it.',
    `If you sign up again with this address you get your customer number and your record back: ${publicUrl}/signup`,
  ])
}

export type Receipt = {
  readonly to: string
  readonly workProvider: string
  readonly userId: string | null
  readonly customerNumber: string
  readonly termsTitle: string
  readonly termsVersion: string
  readonly termsId: string
  readonly fields: readonly string[]
  readonly at: Instant
  readonly token: string
}

export function receiptMail(writer: Writer, receipt: Receipt): Mail {
  const name = inserted(receipt.workProvider)
  const id = receipt.userId === null ? '' : ` (your id there: ${inserted(receipt.userId)})`
  return mail('consent receipt', receipt.to, `You are linked to ${name}`, [
    `On ${localTime(writer, receipt.at)} you agreed to share with ${name}${id}. Your customer number is ${receipt.customerNumber}.`,
    `${name} is told, when it asks:\n${receipt.fields.map((field) => `- ${field}`).join('\n')}`,
    `Terms: ${inserted(receipt.termsTitle)}, version ${inserted(receipt.termsVersion)}: ${writer.publicUrl}/terms/${receipt.termsId}`,
    `If it was not you, or you changed your mind, undo it here: ${writer.publicUrl}/undo/${receipt.token}`,
  ])
}

export function withdrawnMail(writer: Writer, to: string, workProvider: string, at: Instant): Mail {
  const name = inserted(workProvider)
  return mail('consent withdrawn', to, `You stopped sharing with ${name}`, [
    `Since ${localTime(writer, at)} nothing is shared with ${name}, and you are not insured while you work for it.`,
    `To share again: ${writer.publicUrl}/home`,
  ])
}

export function matchWaitsMail({ publicUrl }: Writer, to: string, workProvider: string): Mail {
  const name = inserted(workProvider)
  return mail('match', to, `${name} says that you work with them`, [
    `${name} told us that you work with them. It is told nothing about you, and you are not insured while you work for it, until you agree.`,
    `To decide, log in: ${publicUrl}/home`,
    'If you do not work with them, do nothing.',
  ])
}

export function noCoverMail(writer: Writer, to: string, workProvider: string, startedAt: Instant): Mail {
  const name = inserted(workProvider)
  return mail('no cover', to, `You are working for ${name} without cover`, [
    `${name} reports that you have been on shift since ${localTime(writer, startedAt)}, but you have no policy that is valid for it now. You are not insured while you work for ${name}.`,
    `What we know: ${writer.publicUrl}/home`,
  ])
}

export function unmetMail(writer: Writer, to: string, workProvider: string, startedAt: Instant): Mail {
  const name = inserted(workProvider)
  return mail('no cover', to, `You are working for ${name} without cover`, [
    `${name} reports that you have been on shift since ${localTime(writer, startedAt)}. You agreed to be linked to it, but the link is not complete: ${name} has to recognise you, or you have to open a link in its app. You are not insured while you work for ${name} until then.`,
    `What we know: ${writer.publicUrl}/home`,
  ])
}

export function capMail(writer: Writer, to: string, workProvider: string, startedAt: Instant, capAt: Instant): Mail {
  const name = inserted(workProvider)
  return mail('shift ended by itself', to, 'Did you forget to log out?', [
    `Your shift for ${name} that began ${localTime(writer, startedAt)} has no end: ${name} never told us that you stopped. We ended it by itself ${localTime(writer, capAt)}.`,
    'If you stopped earlier, please log out in the app next time. If you are still working, log out and in again there: you are not insured until it reports a new start.',
    `Your shifts: ${writer.publicUrl}/home`,
  ])
}

export function claimantConflictMail(_: Writer, to: string, workProvider: string, userId: string): Mail {
  const name = inserted(workProvider)
  return mail('link conflict', to, `We could not link you to ${name}`, [
    `You asked to be linked to ${name} with the id ${inserted(userId)}. That id belongs to another account already, so nothing was changed.`,
    'We look into it and write to you. You need not do anything.',
  ])
}

export function holderConflictMail(_: Writer, to: string, workProvider: string, userId: string): Mail {
  const name = inserted(workProvider)
  return mail('link conflict', to, `Somebody else claims your id at ${name}`, [
    `Somebody asked to be linked to ${name} with the id ${inserted(userId)}, which is yours here. Nothing was changed: you are linked as before.`,
    'We look into it and write to you if we need anything.',
  ])
}

export function notFoundMail({ publicUrl }: Writer, to: string, workProvider: string): Mail {
  const name = inserted(workProvider)
  return mail('not recognised', to, `${name} does not find you`, [
    `You agreed to be linked to ${name}, but it knows nobody with your e-mail address and telephone number, so it may not be able to report your shifts. We look into it.`,
    `If it has another address of yours, tell it the one of your account here, or give it your customer number: ${publicUrl}/home`,
  ])
}

/** To the people of a work provider. */
export function webhookStoppedMail(
  { publicUrl }: Writer,
  to: string,
  { url, isDisabled }: { url: string; isDisabled: boolean },
): Mail {
  const what = isDisabled ? 'Your webhook address is disabled' : 'Webhooks do not reach you'
  return mail('webhooks', to, what, [
    isDisabled
      ? `Your address ${inserted(url)} answered 410, so nothing is sent to it any more.`
      : `For about three days your address ${inserted(url)} did not take something that we tried to bring. We gave it up; what comes next is still tried.`,
    `Nothing is lost: all of it is in your feed, and can be sent again: ${publicUrl}/work-provider/webhooks`,
  ])
}

function mail(kind: string, to: string, subject: string, paragraphs: readonly string[]): Mail {
  return { to, subject, body: paragraphs.join('\n\n'), kind }
}

/** What others wrote, on one line: no character of it starts a line, a header or a terminal sequence. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
}

function inserted(text: string): string {
  return oneLine(text).slice(0, MAX_INSERTED_CHARACTERS)
}

function localTime({ timeZone }: Writer, instant: Instant): string {
  return temporal(instant).toZonedDateTimeISO(timeZone).toLocaleString('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  })
}
