import assert from 'node:assert/strict'
import { it } from 'node:test'
import { describeInBrowser } from './chromium.ts'

const KEY = 'zego_a-key-that-is-nobody-else’s-business'

describeInBrowser('the documents in a browser', (stage) => {
  it('fill the reader’s key into every sample, send it nowhere, and forget it', async () => {
    const page = await stage.open()
    await page.goto(`${stage.site.url}/docs`)
    const sent: string[] = []
    page.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''}`))
    const field = page.getByLabel('Your key, for the samples on this page')
    await field.fill(KEY)
    const samples = await page.locator('pre[data-language]').allTextContents()
    assert.ok(samples.length >= 9)
    for (const sample of samples) assert.ok(sample.includes(KEY), sample)
    assert.equal(await page.getByText('YOUR_KEY').count(), 0)
    await field.press('Enter')
    assert.deepEqual(sent, [])
    const kept = await page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]')
    assert.deepEqual(kept, [0, 0, ''])
    await field.fill('')
    assert.ok((await page.locator('pre[data-language]').first().textContent())!.includes('YOUR_KEY'))
    await page.reload()
    assert.equal(await field.inputValue(), '')
  })
})
