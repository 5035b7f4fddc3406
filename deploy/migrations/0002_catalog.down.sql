DROP TABLE sku_offers, skus;
