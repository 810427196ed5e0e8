import { asset } from './asset.ts'

const SHEETS = ['./site.css', '../staff/timeline.css', '../staff/live.css', '../docs/docs.css']

export const STYLESHEET = asset(
  'site',
  'css',
  SHEETS.map((sheet) => new URL(sheet, import.meta.url)),
)
