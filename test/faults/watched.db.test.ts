import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TEST_DATABASE_URL } from '../support/stores.ts'
import { said, startListening, spawnServer, waitFor, withServer } from './harness.ts'
import { needsServer } from './row.ts'
import { openChildStore } from './store.ts'

/* The running program, as Prometheus reads it. */

const METRICS_TOKEN = 'a token of those who watch'

async function metric(url: string, name: string): Promise<number | null> {
  const response = await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${METRICS_TOKEN}` } })
  assert.equal(response.status, 200)
  const found = new RegExp(`^${name} (.*)$`, 'm').exec(await response.text())?.[1]
  return found === undefined ? null : Number(found)
}

async function report(url: string, key: string): Promise<void> {
  const body = JSON.stringify({ workProviderUserId: 'u1', timestamp: new Date().toISOString() })
  const response = await fetch(`${url}/v1/shift/login`, { method: 'POST', headers: { Authorization: key }, body })
  assert.equal(response.status, 202)
}

const derived = (url: string) => async (): Promise<boolean> => (await metric(url, 'zego_reports_derived_total')) === 1

test('a server tells what it stored and derived; without METRICS_TOKEN there is nothing at /metrics', async () => {
  const store = await openChildStore('embedded')
  try {
    await withServer({ ...store.environment, METRICS_TOKEN }, async ({ url }) => {
      await report(url, store.key)
      assert.equal(await metric(url, 'zego_reports_stored_total'), 1)
      await waitFor('the report being derived', derived(url))
      assert.equal(await metric(url, 'zego_projector_lag_seconds_count'), 1)
      assert.equal(await metric(url, 'zego_database_up'), 1)
    })
    await withServer(store.environment, async ({ url }) => {
      const { status } = await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${METRICS_TOKEN}` } })
      assert.equal(status, 404)
    })
  } finally {
    await store.remove()
  }
})

const skip = TEST_DATABASE_URL === undefined && needsServer()

test('a process that only derives tells of it, and of nothing else', { skip }, async () => {
  const store = await openChildStore('server')
  try {
    await withServer({ ...store.environment, ZEGO_ROLE: 'accept' }, async (accepter) => {
      const projector = spawnServer({ ...store.environment, ZEGO_ROLE: 'project', METRICS_TOKEN })
      try {
        const url = await said(projector, /^Deriving shifts .*; \/metrics is at (http:\S+)\.$/m)
        await report(accepter.url, store.key)
        await waitFor('the report being derived', derived(url))
        assert.equal((await fetch(`${url}/v1/user/status?workProviderUserId=u1`)).status, 404)
        assert.equal((await fetch(`${url}/login`, { headers: { Accept: 'text/html' } })).status, 404)
      } finally {
        await projector.kill()
      }
    })
  } finally {
    await store.remove()
  }
})

test('a token that is too short is refused at the start', async () => {
  await assert.rejects(startListening({ METRICS_TOKEN: 'short' }), /METRICS_TOKEN has fewer than 16 characters/)
})
