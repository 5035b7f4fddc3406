-- What can be ordered, and where. Everybody reads it; the platform writes it.

CREATE TABLE skus (
  name               text COLLATE "C" PRIMARY KEY,
  description        text NOT NULL,
  gpu_model          text NOT NULL,
  gpu_memory_gib     integer NOT NULL CHECK (gpu_memory_gib > 0),
  gpus_min           integer NOT NULL CHECK (gpus_min > 0),
  gpus_max           integer NOT NULL,
  gpus_step          integer NOT NULL CHECK (gpus_step > 0),
  cpus_per_gpu       integer NOT NULL CHECK (cpus_per_gpu >= 0),
  memory_gib_per_gpu integer NOT NULL CHECK (memory_gib_per_gpu >= 0),
  updated_at         timestamptz NOT NULL,
  CHECK (gpus_max >= gpus_min)
);
ALTER TABLE skus ENABLE ROW LEVEL SECURITY;
ALTER TABLE skus FORCE ROW LEVEL SECURITY;
CREATE POLICY readable ON skus FOR SELECT USING (true);
CREATE POLICY by_platform ON skus USING (app_is_system());

CREATE TABLE sku_offers (
  sku    text COLLATE "C" NOT NULL REFERENCES skus ON DELETE CASCADE,
  region text COLLATE "C" NOT NULL,
  PRIMARY KEY (sku, region)
);
ALTER TABLE sku_offers ENABLE ROW LEVEL SECURITY;
ALTER TABLE sku_offers FORCE ROW LEVEL SECURITY;
CREATE POLICY readable ON sku_offers FOR SELECT USING (true);
CREATE POLICY by_platform ON sku_offers USING (app_is_system());

GRANT SELECT, INSERT, UPDATE, DELETE ON skus, sku_offers TO gpuaas_app;
