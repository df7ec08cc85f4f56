import { defineErrors } from "../work/problem.ts";

export const accessProblem = defineErrors("access", {
  more_than_yours: {
    status: 403,
    title: "More than your own access",
    detail:
      "This would give {permission}, which you do not hold yourself. Nothing was changed. Ask an owner of the workspace.",
  },
  owner_only_permission: {
    status: 422,
    title: "Owners only",
    detail: "{permission} belongs to owners and can't be part of another role. Nothing was changed. Leave it out.",
  },
  permission_unknown: {
    status: 422,
    title: "No such permission",
    detail: "There is no permission {permission}. Nothing was changed. Choose from the list of permissions.",
  },
  role_unknown: {
    status: 422,
    title: "No such role",
    detail: "There is no role {role} here. Nothing was changed. Choose from the list of roles.",
  },
  custom_role_unknown: {
    status: 404,
    title: "No such role",
    detail: "There is no such role in this workspace. Nothing was changed. Load the list again.",
  },
  role_name_taken: {
    status: 409,
    title: "Name is taken",
    detail: "Another role has this name already. Nothing was changed. Choose another name.",
  },
  not_yours_to_share: {
    status: 403,
    title: "Not yours to share",
    detail: "Only its owner decides who sees it. Nothing was changed. Ask the owner.",
  },
  share_unknown: {
    status: 422,
    title: "No such member",
    detail: "One of these is no active member of the workspace. Nothing was changed. Load the list again.",
  },
  operator_too_long: {
    status: 422,
    title: "Too long",
    detail: "This workspace lets an operator in for {hours} hours at most. Nothing was changed. Choose a shorter time.",
  },
  operator_grant_ended: {
    status: 410,
    title: "Grant ended",
    detail: "This grant is used, ended or past its time. Nothing was changed. Ask the workspace's owner for a new one.",
  },
  owner_holds_all: {
    status: 409,
    title: "Owners hold everything",
    detail: "An owner's access can't be made smaller. Nothing was changed. Make this person an admin or member first.",
  },
});
