-- A document is laid into a collection that its writer sees, and into no other. One that is shared on its own is read.
drop policy audience on regulatory_docs.document;
select kernel.govern_audience('regulatory_docs.document', '{"owner": true, "column": "collection_id", "from": "regulatory_docs.collection"}');
