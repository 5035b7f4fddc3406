// NVML as an agent sees it: two GPUs, the second with another minor number than index; FAKE_NVML_BROKEN makes it fail.
#include <cstdio>
#include <cstdlib>

namespace {

struct Memory {
  unsigned long long total, free, used;
};
int gpus[2] = {0, 1};

int IndexOf(void* device) { return *static_cast<int*>(device); }

}  // namespace

extern "C" {

int nvmlInit_v2() { return std::getenv("FAKE_NVML_BROKEN") == nullptr ? 0 : 9; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 2;
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = &gpus[index];
  return 0;
}
int nvmlDeviceGetUUID(void* device, char* text, unsigned length) {
  std::snprintf(text, length, "GPU-0000000%d", IndexOf(device));
  return 0;
}
int nvmlDeviceGetName(void*, char* text, unsigned length) {
  std::snprintf(text, length, "NVIDIA H200");
  return 0;
}
int nvmlDeviceGetMemoryInfo(void*, Memory* memory) {
  *memory = {150'000'000'000, 1, 2};
  return 0;
}
int nvmlDeviceGetMinorNumber(void* device, unsigned* minor) {
  *minor = static_cast<unsigned>(IndexOf(device) * 3);
  return 0;
}
int nvmlSystemGetDriverVersion(char* text, unsigned length) {
  std::snprintf(text, length, "570.1");
  return 0;
}
const char* nvmlErrorString(int) { return "Driver Not Loaded"; }

}  // extern "C"
