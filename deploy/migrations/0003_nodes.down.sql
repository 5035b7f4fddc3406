DROP TABLE control_pulses, node_heartbeats, enrolment_tokens, gpus, nodes;
