/**
 * `node:http`, and not by an import: that would read everything it exports, and so load Node's HTTP client for the sake
 * of its `WebSocket`. It takes as long as a tenth of the start.
 */
export const http = process.getBuiltinModule('node:http')
