-- Collections and documents have owners (TEN-06); what derives from them is seen by who sees them. A collection's members
-- see all that is in it; a document may be shared on its own, with its revisions and without the collection's runs.
select kernel.govern_audience('regulatory_docs.collection', '{"owner": true}');
select kernel.govern_audience('regulatory_docs.document', '{"owner": true, "column": "collection_id", "from": "regulatory_docs.collection"}');
select kernel.govern_audience('regulatory_docs.revision', '{"column": "document_id", "from": "regulatory_docs.document"}');
select kernel.govern_audience('regulatory_docs.run', '{"column": "collection_id", "from": "regulatory_docs.collection"}');
select kernel.govern_audience('regulatory_docs.finding', '{"column": "run_id", "from": "regulatory_docs.run"}');
