import { updateDeleteOnLedger } from "./update-delete-on-ledger.ts";
import { tryRule } from "./trial.ts";

tryRule(updateDeleteOnLedger, [
  {
    name: "the application may change history",
    role: "probity_door",
    wrong: `grant update on kernel.ledger_event to probity_app`,
    finds: [["kernel.ledger_event", "UPDATE held by probity_app"]],
    right: `revoke update on kernel.ledger_event from probity_app`,
  },
  {
    name: "one column is enough",
    role: "probity_door",
    wrong: `grant update (leaf) on kernel.ledger_inbox to probity_owner`,
    finds: [["kernel.ledger_inbox", "UPDATE held by probity_owner"]],
    right: `revoke update (leaf) on kernel.ledger_inbox from probity_owner`,
  },
  {
    name: "old versions may be deleted",
    role: "probity_door",
    wrong: `grant delete on kernel.version_history to probity_worker`,
    finds: [["kernel.version_history", "DELETE held by probity_worker"]],
    right: `revoke delete on kernel.version_history from probity_worker`,
  },
]);
