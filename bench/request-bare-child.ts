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
answerParent({ origin: await server.listen({ host: "127.0.0.1", port: 0 }) });
