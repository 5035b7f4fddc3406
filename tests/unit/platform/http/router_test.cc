#include "platform/http/router.h"

#include "domain/status.h"
#include "gmock/gmock.h"

namespace gpuaas::platform {
namespace {

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    for (auto [method, path] : {std::pair("GET", "/api/v1/nodes"),
                                {"POST", "/api/v1/nodes"},
                                {"GET", "/api/v1/nodes/agent"},
                                {"GET", "/api/v1/nodes/{node_id}"},
                                {"POST", "/api/v1/nodes/{node_id}/drain"},
                                {"GET", "/ops/{kind}/{id}/history"}}) {
      router_.Add({method, path, 100, nullptr});
    }
  }
  std::string Find(std::string_view method, std::string_view path) {
    params_.clear();
    auto route = router_.Find(method, path, &params_);
    return route.ok() ? (*route)->path : std::string(InfoOf(ErrorCodeOf(route.status())).name);
  }

  Router router_;
  std::map<std::string, std::string> params_;
};

TEST_F(RouterTest, LiteralSegmentsWinOverParameters) {
  EXPECT_EQ(Find("GET", "/api/v1/nodes/agent"), "/api/v1/nodes/agent");
  EXPECT_EQ(Find("GET", "/api/v1/nodes/node_1"), "/api/v1/nodes/{node_id}");
  EXPECT_EQ(params_["node_id"], "node_1");
}

TEST_F(RouterTest, GivesEveryParameterDecoded) {
  EXPECT_EQ(Find("GET", "/ops/a%20b/x%2Fy/history"), "/ops/{kind}/{id}/history");
  EXPECT_EQ(params_["kind"], "a b");
  EXPECT_EQ(params_["id"], "x/y");
}

TEST_F(RouterTest, UnknownPathsAreNotFound) {
  for (const char* path :
       {"/", "/api/v1", "/api/v1/nodes/", "/api/v1/nodes/a/b", "//api/v1/nodes", "/api/v1/nodes//drain"}) {
    EXPECT_EQ(Find("GET", path), "not_found") << path;
  }
}

TEST_F(RouterTest, OtherMethodsAreToldWhatIsAllowed) {
  auto route = router_.Find("DELETE", "/api/v1/nodes", &params_);
  EXPECT_EQ(ErrorCodeOf(route.status()), ErrorCode::kMethodNotAllowed);
  EXPECT_EQ(DetailsOf(route.status()), R"({"allow":"GET, POST"})");
}

TEST_F(RouterTest, UndecodablePathsAreMalformed) {
  for (const char* path : {"/api/v1/nodes/%", "/api/v1/nodes/%zz", "/api/v1/nodes/%00", "nodes", ""}) {
    EXPECT_EQ(Find("GET", path), "malformed_request") << path;
  }
}

}  // namespace
}  // namespace gpuaas::platform
