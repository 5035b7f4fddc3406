#include <dlfcn.h>

#include <map>
#include <mutex>

#include "domain/status.h"
#include "node/inventory/inventory.h"
#include "platform/log/log.h"

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
    std::map<unsigned, NvmlReturn> faulty;
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
      if (result == kSuccess) {
        gpus.push_back({static_cast<int>(i), uuid, model, memory.total, "/dev/nvidia" + std::to_string(minor)});
      } else {
        faulty[i] = result;
      }
    }
    // Where none answers it is the driver that fails.
    if (gpus.empty() && !faulty.empty()) return Failed("ask any GPU", faulty.begin()->second);
    Tell(faulty);
    return gpus;
  }

 private:
  template <class Function>
  bool Find(Function*& function, const char* symbol) {
    function = reinterpret_cast<Function*>(::dlsym(library_, symbol));
    return function != nullptr;
  }

  // What has changed since the last time.
  void Tell(const std::map<unsigned, NvmlReturn>& faulty) {
    std::lock_guard lock(mutex_);
    for (const auto& [index, result] : faulty) {
      if (const auto told = told_.find(index); told != told_.end() && told->second == result) continue;
      platform::LogError("a GPU does not answer and is left out",
                         {{"index", static_cast<std::int64_t>(index)}, {"error", error_(result)}});
    }
    told_ = faulty;
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

  std::mutex mutex_;
  std::map<unsigned, NvmlReturn> told_;
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
