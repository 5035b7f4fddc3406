ALTER TABLE nodes DROP COLUMN public_key;
ALTER TABLE enrolment_tokens DROP COLUMN public_key;
