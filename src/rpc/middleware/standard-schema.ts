/**
 * Standard Schema (https://standardschema.dev, version 1): the one interface that zod, valibot, arktype and others offer.
 * Written out here, because the published types must not need a package that users may not have.
 */

/** A schema of any library that follows the standard. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    /** The library that made it. */
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** What it says as JSON Schema, where its library offers this (Standard JSON Schema); throws where it cannot be said. */
    readonly jsonSchema?: SchemaConverter | undefined;
    /** For types alone. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export interface SchemaConverter {
  readonly input: (options: SchemaConverterOptions) => Record<string, unknown>;
  readonly output: (options: SchemaConverterOptions) => Record<string, unknown>;
}

export interface SchemaConverterOptions {
  readonly target: string;
  /** For the library alone. */
  readonly libraryOptions?: Record<string, unknown> | undefined;
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

type TypesOf<S extends StandardSchema> = NonNullable<S['~standard']['types']>;

/** What goes into a schema: the type before it has changed anything. */
export type SchemaInput<S extends StandardSchema> = TypesOf<S>['input'];
/** What comes out of it. */
export type SchemaOutput<S extends StandardSchema> = TypesOf<S>['output'];
