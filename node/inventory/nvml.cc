#include <dlfcn.h>

#include "domain/status.h"
#include "node/inventory/inventory.h"

namespace gpuaas::node {
namespace {

// The few parts of NVML's stable C interface that are needed, so that no header of the driver is.
using NvmlDevice = void*;
struct NvmlMemory {
  unsigned long long total, free, used;
};
using NvmlReturn = int;
constexpr NvmlReturn kSuccess = 0;
constexpr unsigned kTextLength = 96;

class Nvml final : public GpuSource {
 public:
  explicit Nvml(void* library) : library_(library) {}

  ~Nvml() override {
    if (shutdown_ != nullptr) shutdown_();
    ::dlclose(library_);
  }

  absl::Status Start() {
    NvmlReturn (*init)() = nullptr;
    const bool complete = Find(init, "nvmlInit_v2") && Find(count_, "nvmlDeviceGetCount_v2") &&
                          Find(handle_, "nvmlDeviceGetHandleByIndex_v2") && Find(uuid_, "nvmlDeviceGetUUID") &&
                          Find(model_, "nvmlDeviceGetName") && Find(memory_, "nvmlDeviceGetMemoryInfo") &&
                          Find(minor_, "nvmlDeviceGetMinorNumber") && Find(driver_, "nvmlSystemGetDriverVersion") &&
                          Find(error_, "nvmlErrorString");
    if (!complete) return MakeError(ErrorCode::kUnavailable, "NVML is too old");
    if (NvmlReturn result = init(); result != kSuccess) return Failed("nvmlInit", result);
    Find(shutdown_, "nvmlShutdown");
    return absl::OkStatus();
  }

  std::string_view name() const override { return "nvml"; }

  std::string driver_version() const override {
    char text[kTextLength] = "";
    return driver_(text, sizeof text) == kSuccess ? text : "";
  }

  absl::StatusOr<std::vector<GpuInfo>> List() override {
    unsigned count = 0;
    if (NvmlReturn result = count_(&count); result != kSuccess) return Failed("count the GPUs", result);
    std::vector<GpuInfo> gpus;
    for (unsigned i = 0; i < count; ++i) {
      NvmlDevice device = nullptr;
      char uuid[kTextLength] = "", model[kTextLength] = "";
      NvmlMemory memory{};
      unsigned minor = 0;
      NvmlReturn result = handle_(i, &device);
      if (result == kSuccess) result = uuid_(device, uuid, sizeof uuid);
      if (result == kSuccess) result = model_(device, model, sizeof model);
      if (result == kSuccess) result = memory_(device, &memory);
      if (result == kSuccess) result = minor_(device, &minor);
      if (result != kSuccess) return Failed("ask GPU " + std::to_string(i), result);
      gpus.push_back({static_cast<int>(i), uuid, model, memory.total, "/dev/nvidia" + std::to_string(minor)});
    }
    return gpus;
  }

 private:
  template <class Function>
  bool Find(Function*& function, const char* symbol) {
    function = reinterpret_cast<Function*>(::dlsym(library_, symbol));
    return function != nullptr;
  }

  absl::Status Failed(const std::string& what, NvmlReturn result) const {
    return MakeError(ErrorCode::kUnavailable, "NVML, " + what + ": " + error_(result));
  }

  void* const library_;
  NvmlReturn (*shutdown_)() = nullptr;
  NvmlReturn (*count_)(unsigned*) = nullptr;
  NvmlReturn (*handle_)(unsigned, NvmlDevice*) = nullptr;
  NvmlReturn (*uuid_)(NvmlDevice, char*, unsigned) = nullptr;
  NvmlReturn (*model_)(NvmlDevice, char*, unsigned) = nullptr;
  NvmlReturn (*memory_)(NvmlDevice, NvmlMemory*) = nullptr;
  NvmlReturn (*minor_)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*driver_)(char*, unsigned) = nullptr;
  const char* (*error_)(NvmlReturn) = nullptr;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GpuSource>> OpenNvml(const std::string& library) {
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return MakeError(ErrorCode::kUnavailable, std::string("NVML: ") + ::dlerror());
  auto nvml = std::make_unique<Nvml>(handle);
  if (auto status = nvml->Start(); !status.ok()) return status;
  return nvml;
}

}  // namespace gpuaas::node
