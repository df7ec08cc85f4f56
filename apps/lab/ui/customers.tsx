import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import { useEdited } from "@probity/web/shell/edited.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { certificateApi, certificatePage, type Customer } from "./certificate-types.ts";
import { FilterRow, Shown, useFilters } from "./filter-row.tsx";
import { refusedBecause } from "./words.ts";

/** Customers of the laboratory, and what each has here. */
export function Customers() {
  useTitle("Customers");
  const place = usePlace();
  const ws = place.params.ws ?? "";
  const [open, setOpen] = useState(false);
  const filters = useFilters(["portal", "samples", "q"]);
  const list = useQuery({
    queryKey: ["lab-customers", ws, filters.asked],
    queryFn: () => read<{ items: Customer[]; total: number; may: string[] }>(certificateApi.customers(filters.asked)),
    placeholderData: keepPreviousData,
  });
  const { narrowed } = filters;
  const items = list.data?.items ?? [];
  const create = (
    <Act
      look="main"
      disabledReason={refusedBecause(list.data?.may ?? [], "lab.customer.change", "admins")}
      onAct={() => setOpen(true)}
    >
      New customer
    </Act>
  );
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Customers</h1>
        {(list.data?.total ?? 0) > 0 && create}
      </div>
      <p className={page.lead}>
        Whose samples are tested. A contact who is invited sees the customer's published results and certificates, and
        nothing else of the laboratory.
      </p>
      {(narrowed || (list.data?.total ?? 0) > 0) && (
        <FilterRow
          of="customers"
          placeholder="Code, name, address, contact"
          filters={filters}
          choices={[
            {
              name: "portal",
              label: "Sees results here",
              options: [
                { value: "open", label: "a contact does" },
                { value: "none", label: "nobody" },
              ],
            },
            {
              name: "samples",
              label: "Samples",
              options: [
                { value: "some", label: "has some" },
                { value: "none", label: "none" },
              ],
            },
          ]}
          file={{ path: certificateApi.customers({ ...filters.asked, format: "csv" }), name: "customers.csv" }}
        />
      )}
      {list.isPending && <Skeleton label="Reading the customers" />}
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isSuccess && items.length === 0 && (
        <EmptyState act={narrowed ? <Act onAct={filters.clear}>Clear the filters</Act> : create}>
          {narrowed
            ? "No customer fits these filters."
            : "No customer yet. Samples without one are the laboratory's own."}
        </EmptyState>
      )}
      {items.length > 0 && (
        <LedgerTable
          caption="Customers"
          rows={items}
          rowKey={(each) => each.id}
          columns={[
            {
              id: "code",
              title: "Code",
              lead: true,
              width: "130px",
              cell: (each) => (
                <Go to={certificatePage.customer(ws, each.id)} className={page.mono}>
                  {each.code}
                </Go>
              ),
            },
            {
              id: "name",
              title: "Customer",
              lead: true,
              cell: (each) => (
                <>
                  <b>{each.name}</b>
                  {each.address !== null && <div className={page.meta}>{each.address}</div>}
                </>
              ),
            },
            { id: "contacts", title: "Contacts", end: true, width: "90px", cell: (each) => each.contacts },
            { id: "seeing", title: "See results", end: true, width: "100px", cell: (each) => each.seeing },
            { id: "samples", title: "Samples", end: true, width: "90px", cell: (each) => each.samples },
            { id: "certificates", title: "Certificates", end: true, width: "110px", cell: (each) => each.certificates },
          ]}
        />
      )}
      <Shown count={items.length} total={list.data?.total ?? 0} one="customer" many="customers" />
      {open && (
        <CustomerDialog
          onClose={() => setOpen(false)}
          onSaved={(id) => {
            void list.refetch();
            place.go(certificatePage.customer(ws, id));
          }}
        />
      )}
    </div>
  );
}

type Kept = Pick<Customer, "id" | "version" | "code" | "name" | "address" | "remark">;

/** A new customer, or what is changed of one. */
export function CustomerDialog(props: { customer?: Kept; onClose: () => void; onSaved: (id: string) => void }) {
  const { customer } = props;
  const [code, setCode] = useState(customer?.code ?? "");
  const [name, setName] = useState(customer?.name ?? "");
  const [address, setAddress] = useState(customer?.address ?? "");
  const none: Kept = { id: "", version: 0, code: "", name: "", address: null, remark: null };
  const edited = useEdited(customer ?? none, () => read<Kept>(certificateApi.customer(customer?.id ?? "")), [
    { label: "Code", of: (each) => each.code, mine: code, take: setCode },
    { label: "Name", of: (each) => each.name, mine: name, take: setName },
    { label: "Address", of: (each) => each.address ?? "", mine: address, take: setAddress },
  ]);
  const save = useMutation({
    mutationFn: () => {
      const body = {
        code: code.trim(),
        name: name.trim(),
        address: address.trim() || null,
        remark: edited.base.remark,
      };
      return customer === undefined
        ? write<{ id: string }>("POST", certificateApi.customers(), body)
        : write<{ id: string }>("PUT", certificateApi.customer(customer.id), body, {
            version: edited.base.version,
          });
    },
    onError: edited.onError,
    onSuccess: ({ id }) => props.onSaved(id),
  });
  const title = customer === undefined ? "New customer" : `Change ${customer.code}`;
  return (
    <Dialog open title={title} onClose={props.onClose}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (code.trim() !== "" && name.trim() !== "") save.mutate();
        }}
      >
        {save.isError && edited.told(save.error)}
        <Field name="code" label="Code" value={code} onChange={setCode} />
        <Field name="customer-name" label="Name" value={name} onChange={setName} />
        <Field name="address" label="Address" hint="Stands on certificates." value={address} onChange={setAddress} />
        <div>
          <Act look="main" size="form" submit busy={save.isPending}>
            Save customer
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
