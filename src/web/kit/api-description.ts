/** As much of an OpenAPI document as the pages show; references are followed by `resolve`. */
export type ApiDescription = {
  readonly info: { readonly version: string }
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  /** What is posted to work providers, by type. */
  readonly webhooks: Readonly<Record<string, { readonly post: Operation }>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

type Reference = { readonly $ref?: string }
type Examples = { readonly examples?: Readonly<Record<string, { readonly value: unknown }>> }

export type Operation = {
  readonly tags: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly content: { readonly 'application/json': Reference & Examples & { readonly schema: Schema } }
  }
  readonly responses: Readonly<Record<string, Reference & Answer>>
}

export type Parameter = {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly description?: string
  readonly required?: boolean
  readonly deprecated?: boolean
}

export type Answer = {
  readonly description: string
  readonly content?: Readonly<Record<string, Examples>>
}

export type Schema = Reference & {
  readonly description?: string
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly deprecated?: boolean
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

export function resolve<T extends Reference>(description: ApiDescription, value: T): T {
  if (value.$ref === undefined) return value
  const [, , kind = '', name = ''] = value.$ref.split('/')
  return resolve(description, description.components[kind]![name] as T)
}
