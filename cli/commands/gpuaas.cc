namespace gpuaas::cli {}
