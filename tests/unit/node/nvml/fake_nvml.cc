// NVML as an agent sees it: two GPUs, the second with another minor number than index. FAKE_NVML names a file whose
// content makes it fail: "broken" (no driver), "lost" (the second GPU is), "hang" (no call about a GPU returns as long
// as the file says so).
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

namespace {

struct Memory {
  unsigned long long total, free, used;
};
int gpus[2] = {0, 1};

std::string Mood() {
  const char* file = std::getenv("FAKE_NVML");
  std::string mood;
  if (file != nullptr) std::ifstream(file) >> mood;
  return mood;
}

int IndexOf(void* device) { return *static_cast<int*>(device); }

}  // namespace

extern "C" {

int nvmlInit_v2() { return Mood() == "broken" ? 9 : 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 2;
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  while (Mood() == "hang") std::this_thread::yield();
  *device = &gpus[index];
  return index == 1 && Mood() == "lost" ? 15 : 0;
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
const char* nvmlErrorString(int result) { return result == 15 ? "GPU is lost" : "Driver Not Loaded"; }

}  // extern "C"
