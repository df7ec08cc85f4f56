// The baseline: Fastify and pg, no validation, no sessions, no tenants, no history.
import { randomUUIDv7 as uuidv7 } from "node:crypto";
import fastify from "fastify";
import { Pool } from "pg";
import { answerParent, givenByParent } from "./request-child.ts";

const { database, poolSize } = await givenByParent();
const pool = new Pool({ ...database, max: poolSize });
const server = fastify();

const columns = "id, version, name, description, amount, created_at, created_by, updated_at, updated_by, locked_at";
server.get<{ Params: { id: string } }>("/notes/:id", async (request) => {
  const { rows } = await pool.query({
    name: "read",
    text: `select ${columns} from bare.note where tenant_id = $1 and id = $2`,
    values: [request.headers["tenant"], request.params.id],
  });
  return rows[0];
});
server.get("/notes", async (request) => {
  const { rows } = await pool.query({
    name: "list",
    text: `select ${columns} from bare.note where tenant_id = $1 order by id desc limit 50`,
    values: [request.headers["tenant"]],
  });
  return { items: rows };
});
server.post<{ Body: { name: string; description: string; amount: number } }>("/notes", async (request, reply) => {
  const { name, description, amount } = request.body;
  const { rows } = await pool.query({
    name: "create",
    text: `insert into bare.note (tenant_id, id, name, description, amount, created_by, updated_by)
           values ($1, $2, $3, $4, $5, $1, $1) returning ${columns}`,
    values: [request.headers["tenant"], uuidv7(), name, description, amount],
  });
  return reply.status(201).send(rows[0]);
});
// The rows an audited create keeps, with nothing that checks them.
server.post<{ Body: { name: string; description: string; amount: number } }>("/kept", async (request, reply) => {
  const { name, description, amount } = request.body;
  const tenant = String(request.headers["tenant"]);
  const [id, leafId] = [uuidv7(), uuidv7()];
  const leaf = JSON.stringify({
    action: "bench.note.create",
    actor: tenant,
    at: new Date().toISOString(),
    id: leafId,
    outcome: "done",
    record: "bench.note",
    request: leafId,
    root: "0".repeat(64),
    row: id,
    tenant,
    v: "1",
    version: "1",
  });
  const salt = "0".repeat(22);
  const opening = {
    amount: { salt, value: String(amount) },
    description: { salt, value: description },
    name: { salt, value: name },
    source: { salt, value: request.ip },
  };
  const { rows } = await pool.query({
    name: "kept",
    text: `with
      leaf as (insert into bare.leaf (tenant_id, leaf, action, record, row_id, version) values ($1, $6, 'bench.note.create', 'bench.note', $2, 1)),
      opening as (insert into bare.opening (tenant_id, leaf_id, openings) values ($1, $7, $8)),
      version as (insert into bare.version (tenant_id, row_id, version, record, at, actor_id, body) values ($1, $2, 1, 'bench.note', now(), $1, $9))
      insert into bare.note (tenant_id, id, name, description, amount, created_by, updated_by)
      values ($1, $2, $3, $4, $5, $1, $1) returning ${columns}`,
    values: [tenant, id, name, description, amount, Buffer.from(leaf), leafId, opening, { name, description, amount }],
  });
  return reply.status(201).send(rows[0]);
});
answerParent({ origin: await server.listen({ host: "127.0.0.1", port: 0 }) });
