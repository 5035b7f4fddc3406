#include <gmock/gmock.h>

#include "tests/integration/node/agent_fixture.h"

namespace gpuaas::testing {
namespace {

using ::testing::HasSubstr;

class Exec : public AgentFixture {
 protected:
  const std::string allocation_ = NewAllocationId();

  struct Result {
    std::string out, err;
    int exit_code = -1;
    grpc::Status status;
  };

  node::v1::ExecInput Start(const std::vector<std::string>& argv, bool pty = false) {
    node::v1::ExecInput input;
    input.mutable_start()->set_allocation_id(allocation_);
    input.mutable_start()->set_pty(pty);
    for (const auto& word : argv) input.mutable_start()->add_argv(word);
    return input;
  }

  Result Run(const node::v1::ExecInput& start, const std::string& input = "") {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    auto stream = agent_->Exec(&context);
    stream->Write(start);
    if (!input.empty()) {
      node::v1::ExecInput message;
      message.set_stdin(input);
      stream->Write(message);
    }
    stream->WritesDone();
    Result result;
    node::v1::ExecOutput output;
    while (stream->Read(&output)) {
      if (output.kind_case() == node::v1::ExecOutput::kStdout) result.out += output.stdout();
      if (output.kind_case() == node::v1::ExecOutput::kStderr) result.err += output.stderr();
      if (output.kind_case() == node::v1::ExecOutput::kExitCode) result.exit_code = output.exit_code();
    }
    result.status = stream->Finish();
    return result;
  }
};

TEST_F(Exec, EntersTheSandboxThatSshEnters) {
  const auto sandbox = Ensure(RequestFor(allocation_, 0, 2));
  ASSERT_EQ(Ssh(sandbox, "echo shared >/tmp/note").exit_code, 0);
  const Result result = Run(Start(
      {"sh", "-c",
       "cat /tmp/note; whoami; pwd; echo $NVIDIA_VISIBLE_DEVICES; readlink /proc/self/ns/net; echo oops >&2; exit 7"}));
  EXPECT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.err, "oops\n");
  EXPECT_EQ(result.out, "shared\n" + sandbox.user() + "\n/home/" + sandbox.user() + "\n" + gpus_[0].uuid() + "," +
                            gpus_[1].uuid() + "\n" + Ssh(sandbox, "readlink /proc/self/ns/net").out + "\n");
}

TEST_F(Exec, PassesInputAndLargeOutput) {
  Ensure(RequestFor(allocation_, 0, 1));
  const std::string text(2'000'000, 'x');
  const Result result = Run(Start({"cat"}), text);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(result.out == text);
}

TEST_F(Exec, TellsSignalsMissingCommandsAndTimeouts) {
  Ensure(RequestFor(allocation_, 0, 1));
  EXPECT_EQ(Run(Start({"sh", "-c", "kill -TERM $$"})).exit_code, 128 + 15);
  EXPECT_EQ(Run(Start({"no-such-command"})).exit_code, 127);
  auto slow = Start({"sleep", "60"});
  slow.mutable_start()->mutable_timeout()->set_nanos(200'000'000);
  EXPECT_EQ(Run(slow).status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  auto stranger = Start({"true"});
  stranger.mutable_start()->set_allocation_id(NewAllocationId());
  EXPECT_EQ(Run(stranger).status.error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(Exec, GivesATerminalThatCanBeResized) {
  Ensure(RequestFor(allocation_, 0, 1));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  auto stream = agent_->Exec(&context);
  auto start = Start({}, true);
  start.mutable_start()->set_rows(30);
  start.mutable_start()->set_columns(100);
  stream->Write(start);
  const auto type = [&](const std::string& text) {
    node::v1::ExecInput message;
    message.set_stdin(text);
    stream->Write(message);
  };
  std::string seen;
  node::v1::ExecOutput output;
  const auto read_until = [&](const std::string& text) {
    while (seen.find(text) == seen.npos && stream->Read(&output)) seen += output.stdout();
  };
  type("echo size:$(stty size); tty\n");
  read_until("/dev/pts/0");
  EXPECT_THAT(seen, HasSubstr("size:30 100"));
  node::v1::ExecInput resize;
  resize.mutable_resize()->set_rows(50);
  resize.mutable_resize()->set_columns(132);
  stream->Write(resize);
  type("echo now:$(stty size)\n");
  read_until("now:50");
  EXPECT_THAT(seen, HasSubstr("now:50 132"));
  type("exit 3\n");
  int code = -1;
  while (stream->Read(&output)) {
    if (output.kind_case() == node::v1::ExecOutput::kExitCode) code = output.exit_code();
  }
  EXPECT_EQ(code, 3);
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(Exec, EndsWhatItsCallerLeaves) {
  const auto sandbox = Ensure(RequestFor(allocation_, 0, 1));
  grpc::ClientContext context;
  auto stream = agent_->Exec(&context);
  stream->Write(Start({"tail", "-f", "/dev/null"}));
  EXPECT_EQ(
      Ssh(sandbox, "for i in $(seq 100); do pgrep -x tail >/dev/null && { echo up; break; }; sleep 0.05; done").out,
      "up");
  context.TryCancel();
  stream->Finish();
  EXPECT_EQ(
      Ssh(sandbox, "for i in $(seq 100); do pgrep -x tail >/dev/null || { echo gone; break; }; sleep 0.05; done").out,
      "gone");
}

}  // namespace
}  // namespace gpuaas::testing
