import assert from 'node:assert/strict'
import { test } from 'node:test'
import { progressBar, startProgress } from '../../src/cli/progress.ts'

test('a bar fills from nothing to all of it, and is as wide all along', () => {
  const bars = [-1, 0, 0.005, 0.5, 0.999, 1, 2].map(progressBar)
  assert.equal(new Set(bars.map((bar) => bar.length)).size, 1)
  assert.match(progressBar(0), /^\[\.+\] {3}0 %$/)
  assert.match(progressBar(0.5), /^\[(#+)\.+\] {2}50 %$/)
  assert.match(progressBar(0.999), /^\[#+\.\] {2}99 %$/)
  assert.match(progressBar(1), /^\[#+\] 100 %$/)
})

test('a bar is drawn over itself on a terminal, and nowhere else', () => {
  for (const isTTY of [true, false]) {
    let written = ''
    let nowMs = 0
    const progress = startProgress({ isTTY, write: (text) => (written += text) }, () => nowMs)
    for (const share of [0, 0.5, 1]) {
      progress.say(progressBar(share))
      nowMs += 1_000
    }
    progress.end()
    assert.equal(written.includes('\n'), false)
    assert.equal(written.split('\r').length - 1, isTTY ? 4 : 0)
  }
})
