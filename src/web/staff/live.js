/*
 * Keeps the live page up to date while it is looked at. The server writes the parts; this puts the changed ones in the
 * place of the old. Without it the page loads itself again.
 */
const place = document.querySelector('#live')
const state = document.querySelector('#live-state')
const pause = document.querySelector('#live-pause')
const RECONNECT_MS = 10_000

let source = null
let timer
let isPaused = false
let isOver = false

function connect() {
  clearTimeout(timer)
  source?.close()
  source = null
  if (isPaused || isOver || document.hidden) return
  source = new EventSource(place.dataset.events)
  source.addEventListener('open', () => say('Connected. The figures change by themselves.'))
  source.addEventListener('figures', (event) => show(event.data))
  source.addEventListener('over', () => {
    isOver = true
    source.close()
    pause.hidden = true
    say('You are logged out. Load the page again to log in.')
  })
  source.addEventListener('error', () => {
    say('Not connected, trying again.')
    // A browser tries again by itself unless the answer was no stream: a server that stops, or has no room.
    if (source.readyState === EventSource.CLOSED) timer = setTimeout(connect, RECONNECT_MS)
  })
}

/** Said once: whoever hears the page is not told the same again. */
function say(text) {
  if (state.textContent !== text) state.textContent = text
}

function show(markup) {
  const fresh = new DOMParser().parseFromString(markup, 'text/html')
  for (const part of fresh.querySelectorAll('[data-part]')) {
    const old = place.querySelector(`[data-part="${part.dataset.part}"]`)
    if (old === null) place.append(document.adoptNode(part))
    else if (old.outerHTML !== part.outerHTML) replace(old, document.adoptNode(part))
  }
}

/** The focus stays on the link or the table that it is on, if that is there again. */
function replace(old, part) {
  const focused = old.contains(document.activeElement) ? focusIn(document.activeElement) : null
  const scrolled = [...old.querySelectorAll('.scroll')].map((one) => one.scrollLeft)
  markChanges(old, part)
  old.replaceWith(part)
  for (const [index, one] of [...part.querySelectorAll('.scroll')].entries()) one.scrollLeft = scrolled[index] ?? 0
  if (focused !== null) part.querySelector(focused)?.focus({ preventScroll: true })
}

function focusIn(element) {
  const href = element.getAttribute('href')
  return href === null ? '.scroll' : `a[href="${CSS.escape(href)}"]`
}

function markChanges(old, part) {
  const before = [...old.querySelectorAll('.figure')].map((one) => one.textContent)
  for (const [index, one] of [...part.querySelectorAll('.figure')].entries()) {
    if (before[index] !== one.textContent) one.classList.add('figure-changed')
  }
}

pause.hidden = false
pause.addEventListener('click', () => {
  isPaused = !isPaused
  pause.textContent = isPaused ? 'Continue' : 'Pause'
  if (isPaused) say('Paused.')
  connect()
})
// Nobody sees a hidden page: it holds no connection.
document.addEventListener('visibilitychange', connect)
connect()
