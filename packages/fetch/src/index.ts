/** The public names of `@nivis/fetch`. */
export {};
