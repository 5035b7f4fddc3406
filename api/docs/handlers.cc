#include "api/docs/handlers.h"

#include "platform/openapi/contract.h"

namespace gpuaas::api {

extern const std::string_view kDocsPage;

void BindDocs(Binder& binder, Services& services) {
  binder.Bind("docs", std::nullopt, [](Call&) -> absl::StatusOr<platform::Response> {
    platform::Response response;
    response.content_type = "text/html; charset=utf-8";
    response.body = kDocsPage;
    // The page has one script and one style of its own and talks to nobody else.
    response.headers.emplace_back("Content-Security-Policy",
                                  "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; "
                                  "style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'");
    return response;
  });
  binder.Bind("openapi", std::nullopt, [&services](Call&) -> absl::StatusOr<platform::Response> {
    return JsonResponse(200, services.contract.document());
  });
}

}  // namespace gpuaas::api
