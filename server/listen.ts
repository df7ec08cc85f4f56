/** Listens where the configuration says; a port that can't be had is told in words, with the variable that names it. */
export async function listenAt(
  http: { listen: (at: { host: string; port: number }) => PromiseLike<unknown> },
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  try {
    await http.listen({ host, port });
  } catch (error) {
    const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
    const why =
      code === "EADDRINUSE"
        ? `Port ${port} at ${host} is taken by another program. Stop that program, or set PROBITY_PORT to a free port.`
        : code === "EACCES"
          ? `Port ${port} may not be opened by this user. Set PROBITY_PORT to a port from 1024 on.`
          : code === "EADDRNOTAVAIL"
            ? `${host} is no address of this machine. Set PROBITY_HOST to one that is.`
            : undefined;
    if (why === undefined) throw error;
    throw new Error(`Probity does not start. ${why} Nothing is served.`, { cause: error });
  }
}
