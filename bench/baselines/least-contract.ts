import { createServer } from 'node:http'
import { openAccepting } from './accepting.ts'
import { connectAsProgram } from './connection.ts'
import { listen } from './listening.ts'

/* The limit of a server that keeps its word and the contract: as `least-server.ts`, and each report is checked and answered. */
listen(createServer(await openAccepting(await connectAsProgram())))
