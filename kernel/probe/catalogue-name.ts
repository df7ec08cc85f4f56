const name = /^("[^"]{1,63}"|[a-z_][a-z0-9_]{0,62})(\.("[^"]{1,63}"|[a-z_][a-z0-9_]{0,62}))?$/;

/**
 * A table, column or role name as PostgreSQL itself wrote it (`regclass::text`, `quote_ident`), for the few statements of
 * probes that must name what they found in the catalogue. Anything that is not one quoted name throws.
 */
export function catalogueName(text: string): string {
  if (!name.test(text)) throw new Error("Not a name from the catalogue");
  return text;
}
