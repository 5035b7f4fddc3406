#include "cli/core/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "cli/core/error.h"
#include "fake_world.h"

namespace gpuaas::cli {
namespace {

using platform::HttpError;
using platform::HttpRequest;
using platform::HttpResult;
using ::testing::HasSubstr;

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [header, value] : request.headers) {
    if (header == name) return value;
  }
  return {};
}

class SessionTest : public ::testing::Test {
 protected:
  Session MakeSession() {
    SessionOptions options{kUrl, "acme", "ml-research", "token", "dev-user", "allocations create"};
    return Session(
        options, store_,
        [this](const HttpRequest& request) {
          sent_.push_back(request);
          was_stored_ = !store_.List().empty();
          HttpResult answer = answers_.front();
          if (answers_.size() > 1) answers_.pop_front();
          return answer;
        },
        [](std::chrono::milliseconds) {});
  }

  CliError Failure(const Session& session) {
    try {
      session.Mutate({"POST", "/api/v1/allocations", Json{{"gpus", 1}}, "k"});
    } catch (const CliError& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return CliError(ErrorCode::kInternal, "none");
  }

  const TemporaryFolder folder_;
  const PendingStore store_{folder_.path()};
  std::deque<HttpResult> answers_;
  std::vector<HttpRequest> sent_;
  bool was_stored_ = false;
};

TEST_F(SessionTest, SendsWhoWhereAndKey) {
  answers_ = {Answer(202, {{"id", kId}})};
  EXPECT_EQ(MakeSession().Mutate({"POST", "/api/v1/allocations", Json{{"gpus", 1}}, {}})["id"], kId);
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(sent_[0].url, kUrl + "/api/v1/allocations");
  EXPECT_EQ(HeaderOf(sent_[0], "Authorization"), "Bearer token");
  EXPECT_EQ(HeaderOf(sent_[0], "X-Tenant"), "acme");
  EXPECT_EQ(HeaderOf(sent_[0], "X-Project"), "ml-research");
  EXPECT_EQ(HeaderOf(sent_[0], "X-Idempotency-Key").substr(0, 4), "cli_");
  EXPECT_EQ(HeaderOf(sent_[0], "X-Correlation-Id").substr(0, 5), "corr_");
  EXPECT_TRUE(was_stored_);
  EXPECT_TRUE(store_.List().empty());
}

TEST_F(SessionTest, LostAnswerIsAskedForAgainWithTheSameKey) {
  answers_ = {HttpError{HttpError::Kind::kProtocol, "closed"}, Answer(504, {}), Answer(202, {{"id", kId}})};
  EXPECT_EQ(MakeSession().Mutate({"POST", "/api/v1/allocations", {}, {}})["id"], kId);
  ASSERT_EQ(sent_.size(), 3u);
  EXPECT_EQ(HeaderOf(sent_[0], "X-Idempotency-Key"), HeaderOf(sent_[2], "X-Idempotency-Key"));
  EXPECT_TRUE(store_.List().empty());
}

TEST_F(SessionTest, UnknownOutcomeStaysPending) {
  answers_ = {HttpError{HttpError::Kind::kTimeout, "no answer in 30 s"}};
  const CliError error = Failure(MakeSession());
  EXPECT_EQ(error.exit, ExitCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("outcome unknown"));
  EXPECT_THAT(error.next, HasSubstr("gpuaas pending resume k"));
  ASSERT_TRUE(store_.Find("k"));
  EXPECT_FALSE(store_.Find("k")->running);
  EXPECT_EQ(store_.Find("k")->request.body, R"({"gpus":1})");
}

TEST_F(SessionTest, OutcomeStaysUnknownIfALaterTryCannotConnect) {
  answers_ = {HttpError{HttpError::Kind::kProtocol, "closed"}, HttpError{HttpError::Kind::kConnect, "refused"}};
  EXPECT_THAT(Failure(MakeSession()).message, HasSubstr("outcome unknown"));
  EXPECT_TRUE(store_.Find("k"));
}

TEST_F(SessionTest, NothingSentIsNothingPending) {
  answers_ = {HttpError{HttpError::Kind::kConnect, "refused"}};
  EXPECT_EQ(Failure(MakeSession()).exit, ExitCode::kUnavailable);
  EXPECT_EQ(sent_.size(), 1u);
  EXPECT_TRUE(store_.List().empty());
}

TEST_F(SessionTest, RefusalIsAnOutcome) {
  answers_ = {ErrorAnswer(409, "idempotency_key_reused", "other request")};
  const CliError error = Failure(MakeSession());
  EXPECT_EQ(error.exit, ExitCode::kConflict);
  EXPECT_EQ(error.correlation_id, "corr_7be1");
  EXPECT_TRUE(store_.List().empty());
}

// What was asked before may have been accepted: only an answer that says so settles it.
TEST_F(SessionTest, RefusalAfterALostAnswerLeavesTheOutcomeUnknown) {
  for (const int status : {400, 401, 403, 404, 408, 409, 413, 429}) {
    answers_ = {HttpError{HttpError::Kind::kTimeout, "no answer in 30 s"}, ErrorAnswer(status, "a_code", "refused")};
    const CliError error = Failure(MakeSession());
    EXPECT_EQ(error.code, "a_code") << status;
    EXPECT_THAT(error.message, HasSubstr("outcome unknown, key k")) << status;
    EXPECT_THAT(error.next, HasSubstr("gpuaas pending resume k")) << status;
    EXPECT_TRUE(store_.Forget("k")) << status;
  }
}

TEST_F(SessionTest, ARefusedResumeIsStillPending) {
  {
    const auto entry = store_.Begin({"k", "POST", "/api/v1/allocations", R"({"gpus":1})", kUrl, "acme", "ml-research",
                                     "dev-user", "allocations create", "2025-01-02T03:04:05Z"});
  }
  for (const HttpResult& answer :
       {HttpResult(ErrorAnswer(401, "token_expired", "expired")),
        HttpResult(HttpError{HttpError::Kind::kConnect, "refused"}), HttpResult(Answer(302, Json::object()))}) {
    answers_ = {answer};
    EXPECT_THAT(Failure(MakeSession()).message, HasSubstr("outcome unknown"));
    ASSERT_TRUE(store_.Find("k"));
  }
  answers_ = {ErrorAnswer(401, "token_expired", "expired")};
  EXPECT_THAT(Failure(MakeSession()).next, HasSubstr("log in"));

  answers_ = {Answer(202, {{"id", kId}})};
  EXPECT_EQ(MakeSession().Resume(store_.Find("k")->request)["id"], kId);
  EXPECT_TRUE(store_.List().empty());
}

TEST_F(SessionTest, AnAnswerThatIsNotOursSettlesNothing) {
  answers_ = {platform::HttpResponse{200, {}, "<html>log in to the hotel's network</html>"}};
  EXPECT_THAT(Failure(MakeSession()).message, HasSubstr("is not one of the contract; outcome unknown"));
  EXPECT_TRUE(store_.Find("k"));
}

TEST_F(SessionTest, ListGathersPagesUpToTheLimit) {
  answers_ = {Answer(200, {{"items", {1, 2}}, {"next_cursor", "c1"}}),
              Answer(200, {{"items", {3}}, {"next_cursor", "c2"}})};
  const Listing listing = List(MakeSession(), "/api/v1/nodes", {{"region", "a b"}, {"state", ""}}, 3, {});
  EXPECT_EQ(listing.items, Json({1, 2, 3}));
  EXPECT_EQ(listing.next_cursor, "c2");
  EXPECT_EQ(sent_[0].url, kUrl + "/api/v1/nodes?region=a%20b&limit=3");
  EXPECT_EQ(sent_[1].url, kUrl + "/api/v1/nodes?region=a%20b&limit=1&cursor=c1");
}

}  // namespace
}  // namespace gpuaas::cli
