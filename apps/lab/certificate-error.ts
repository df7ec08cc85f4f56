import { defineErrors } from "@probity/kernel";

export const certificateProblem = defineErrors("lab", {
  certificate_not_published: {
    status: 409,
    title: "Nothing published",
    detail: "{number} is {state}. No certificate was made. Publish the sample first.",
  },
  certificate_template_missing: {
    status: 409,
    title: "No template",
    detail: "There is no template for certificates yet. Nothing was made. Ask an admin to set one up.",
  },
  certificate_stands: {
    status: 409,
    title: "A certificate stands",
    detail: "{number} stands for this sample. Nothing was made. Amend it, with the reason.",
  },
  certificate_draft_open: {
    status: 409,
    title: "A draft is open",
    detail: "{number} is prepared and not signed. Nothing was made. Sign or discard it first.",
  },
  certificate_superseded: {
    status: 409,
    title: "Superseded before",
    detail: "{number} was superseded by {by}. Nothing was made. Amend {by}.",
  },
  certificate_not_signed: {
    status: 409,
    title: "Not signed",
    detail: "{number} is a draft. Nothing left the laboratory. Have it signed first.",
  },
  certificate_signed: {
    status: 409,
    title: "Signed",
    detail: "{number} is signed and locked. Nothing was changed. Amend it, with the reason.",
  },
  certificate_outdated: {
    status: 409,
    title: "Changed since it was prepared",
    detail:
      "What {number} says is not what is published of its sample now. Nothing was signed. Discard the draft and prepare it again.",
  },
  certificate_discarded: {
    status: 409,
    title: "Discarded",
    detail: "{number} was discarded as a draft. Nothing was signed. Prepare another.",
  },
  certificate_unsealed: {
    status: 409,
    title: "Not sealed yet",
    detail: "{number} is signed and its file is not made yet. Nothing left the laboratory. Seal it, then try again.",
  },
  certificate_unproved: {
    status: 409,
    title: "The proof is not there yet",
    detail:
      "{number} is signed, and its signature waits for the ledger’s checkpoint. Nothing is lost. Try again in a moment.",
  },
  certificate_unsealable: {
    status: 409,
    title: "No seal",
    detail: "This instance has no seal of its own here. {number} stays signed. Ask who runs it.",
  },
  template_wrong: {
    status: 422,
    title: "The template can't be kept",
    detail: "{why} Nothing was changed. Correct the template and send it again.",
  },
  customer_code_taken: {
    status: 409,
    title: "The code is taken",
    detail: "Another customer has the code {code}. Nothing was saved. Choose another.",
  },
  contact_known: {
    status: 409,
    title: "Already a contact",
    detail: "{email} is a contact of this customer. Nothing was saved. Change that one.",
  },
  sample_customer_fixed: {
    status: 409,
    title: "The customer stays",
    detail:
      "Whose {number} is was settled before it was verified. Nothing was changed. Register a new sample for another customer.",
  },
  delivery_too_long: {
    status: 422,
    title: "Too long",
    detail: "A link to a certificate lasts at most {days} days here. No link was made. Choose fewer days.",
  },
});
