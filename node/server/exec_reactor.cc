#include "node/server/exec_reactor.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "node/exec/session.h"
#include "node/server/service.h"

namespace gpuaas::node {
namespace {

// Reading is driven by gRPC's callbacks: a message is asked for only when the one before has been taken. Writing is
// driven by the command's thread, which waits for each write: a slow reader slows the command, not the agent's memory.
class ExecReactor final : public grpc::ServerBidiReactor<v1::ExecInput, v1::ExecOutput> {
 public:
  ExecReactor(const grpc::Status& admitted, std::string self,
              std::function<absl::StatusOr<SandboxSpec>(const std::string&)> find)
      : self_(std::move(self)), find_(std::move(find)) {
    if (admitted.ok()) {
      StartRead(&input_);
    } else {
      Finish(admitted);
    }
  }

  void OnReadDone(bool ok) override {
    if (!ok) {  // the caller has sent all, or is gone (then OnCancel says so)
      if (session_ == nullptr) {
        Finish({grpc::StatusCode::INVALID_ARGUMENT, "the first message must be `start`"});
      } else {
        session_->CloseStdin();
      }
      return;
    }
    if (session_ == nullptr) {
      Begin();
      return;
    }
    switch (input_.kind_case()) {
      case v1::ExecInput::kStdin:
        session_->Write(std::move(*input_.mutable_stdin()), [this] { StartRead(&input_); });
        return;
      case v1::ExecInput::kResize:
        session_->Resize(static_cast<unsigned short>(input_.resize().rows()),
                         static_cast<unsigned short>(input_.resize().columns()));
        break;
      case v1::ExecInput::kCloseStdin:
        session_->CloseStdin();
        break;
      default:
        break;
    }
    StartRead(&input_);
  }

  void OnWriteDone(bool ok) override {
    std::lock_guard lock(mutex_);
    written_ = true;
    gone_ = gone_ || !ok;
    changed_.notify_all();
  }

  void OnCancel() override {
    std::lock_guard lock(mutex_);
    gone_ = true;
    changed_.notify_all();
    if (running_ != nullptr) running_->Hangup();
  }

  void OnDone() override {
    if (pump_.joinable()) pump_.detach();  // it has called Finish as its last act
    delete this;
  }

 private:
  void Begin() {
    if (input_.kind_case() != v1::ExecInput::kStart) {
      Finish({grpc::StatusCode::INVALID_ARGUMENT, "the first message must be `start`"});
      return;
    }
    const v1::ExecStart& start = input_.start();
    auto spec = find_(start.allocation_id());
    if (!spec.ok()) {
      Finish(ToGrpc(spec.status()));
      return;
    }
    ExecOptions options{{start.argv().begin(), start.argv().end()}, start.pty()};
    if (start.rows() > 0) options.rows = static_cast<unsigned short>(start.rows());
    if (start.columns() > 0) options.columns = static_cast<unsigned short>(start.columns());
    if (start.has_timeout()) {
      options.timeout =
          std::chrono::milliseconds(start.timeout().seconds() * 1'000 + start.timeout().nanos() / 1'000'000);
    }
    auto session = ExecSession::Start(self_, *spec, options);
    if (!session.ok()) {
      Finish(ToGrpc(session.status()));
      return;
    }
    session_ = *std::move(session);
    {
      std::lock_guard lock(mutex_);
      running_ = session_.get();
      if (gone_) running_->Hangup();
    }
    pump_ = std::thread([this] { Pump(); });
    StartRead(&input_);
  }

  void Pump() {
    auto code = session_->Pump([this](ExecSession::Stream stream, std::string_view bytes) {
      v1::ExecOutput output;
      if (stream == ExecSession::Stream::kStdout) {
        output.set_stdout(bytes.data(), bytes.size());
      } else {
        output.set_stderr(bytes.data(), bytes.size());
      }
      return Send(output);
    });
    {
      std::lock_guard lock(mutex_);
      running_ = nullptr;
    }
    if (code.ok()) {
      v1::ExecOutput last;
      last.set_exit_code(*code);
      Send(last);
    }
    Finish(ToGrpc(code.status()));
  }

  // False: the caller is gone.
  bool Send(const v1::ExecOutput& output) {
    std::unique_lock lock(mutex_);
    if (gone_) return false;
    written_ = false;
    lock.unlock();
    StartWrite(&output);
    lock.lock();
    changed_.wait(lock, [this] { return written_; });
    return !gone_;
  }

  const std::string self_;
  const std::function<absl::StatusOr<SandboxSpec>(const std::string&)> find_;
  v1::ExecInput input_;
  std::unique_ptr<ExecSession> session_;
  std::thread pump_;

  std::mutex mutex_;
  std::condition_variable changed_;
  ExecSession* running_ = nullptr;
  bool written_ = false;
  bool gone_ = false;
};

}  // namespace

grpc::ServerBidiReactor<v1::ExecInput, v1::ExecOutput>* NewExecReactor(
    const grpc::Status& admitted, const std::string& self,
    std::function<absl::StatusOr<SandboxSpec>(const std::string& allocation_id)> find) {
  return new ExecReactor(admitted, self, std::move(find));
}

}  // namespace gpuaas::node
