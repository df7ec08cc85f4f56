-- The list reads rows, or an index of what it filters by; an index that held all of it was larger than the rows it stood
-- for, and every step of every sample wrote it anew.
drop index lab.sample_list;
