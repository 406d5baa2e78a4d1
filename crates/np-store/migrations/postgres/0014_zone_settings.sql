-- Expand: how a zone's names are served; null is a zone that says nothing.
ALTER TABLE zones ADD COLUMN settings TEXT;
