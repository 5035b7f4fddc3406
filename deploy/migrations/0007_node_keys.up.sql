-- A token works once: for the key that came with it first. A node proves itself for a renewal by its present key, so that a
-- certificate that ended while the node was off is no dead end. Keys are the public ones, PEM; a node enrolled before this
-- has none and enrols again.
ALTER TABLE enrolment_tokens ADD COLUMN public_key text;
ALTER TABLE nodes ADD COLUMN public_key text NOT NULL DEFAULT '';
