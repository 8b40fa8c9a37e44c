// What is wrong with a setting, for the person who made it.

/** A setting that cannot be used: `message` is one line for the person who set it. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ConfigError'
  }
}
